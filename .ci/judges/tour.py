"""Runs the README's tour line by line, as a reader would after installing pentad.

Usage: tour.py BINARY. Commands are pasted as they stand, default ports included, in a network of
their own, so that a server outside of it is not in the way. The last line counts commands.

A block is a terminal with a shell. A line that begins with a dollar sign is a command, a line after
it is printed by it, and in a block whose command is `nc` the lines that no server prints are typed.
Blocks that follow one another without prose between them are terminals that are open at the same
time. A line counts as printed if its words are those of the README; a word with a digit or with
capitals inside stands for any other, and an ellipsis for anything at all.
"""

import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE_S = 60
# Time without output after which the next terminal is opened.
QUIET_S = 0.7
SERVER_LINE = re.compile(r"^([*+<-]|\S+,\w{5},)")


def tour(readme):
    """Returns groups of blocks, each block a list of lines. Groups follow one another."""
    text = re.search(r"^## A tour\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)[1]
    groups, last = [], 0
    for block in re.finditer(r"^```console\n(.*?)^```\n", text, re.DOTALL | re.MULTILINE):
        # A command continues after a backslash or a pipe at the end of its line.
        lines = re.sub(r"([\\|])\n", "\\1\0", block[1]).split("\n")[:-1]
        lines = [line.replace("\0", "\n") for line in lines]
        if not groups or text[last : block.start()].strip():
            groups.append([])
        groups[-1].append(lines)
        last = block.end()
    return groups


def pattern(line):
    """Returns the pattern of a line of the README, as it may be printed."""
    words = re.split(r"(…|[^\W_]+)", line)

    def one(word):
        if word == "…":
            return ".*"
        varies = re.search(r"\d|[a-z][A-Z]|[A-Z]{2,}[a-z]", word)
        return r"[0-9A-Za-z.]+?" if varies else re.escape(word)

    whole = "".join(one(word) for word in words)
    # A number with a fraction is three words, and one value.
    return re.compile(whole.replace(r"[0-9A-Za-z.]+?\.[0-9A-Za-z.]+?", r"[0-9A-Za-z.]+?"))


class Terminal:
    """A shell on a terminal, and its output."""

    def __init__(self, place, path):
        master, slave = pty.openpty()
        env = {"PATH": path, "HOME": place, "PS1": "", "TERM": "dumb", "BASH_SILENCE": "1"}
        self.shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-i", "+o", "emacs"],
            stdin=slave, stdout=slave, stderr=slave, cwd=place, env=env, start_new_session=True,
        )
        os.close(slave)
        self.master, self.text, self.seen = master, "", 0
        self.printed_at = time.monotonic()
        threading.Thread(target=self._read, daemon=True).start()
        self.type("stty -echo; bind 'set enable-bracketed-paste off' 2>/dev/null; PS2=")

    def _read(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            text = data.decode(errors="backslashreplace")
            self.text += re.sub(r"\r|\x1b\[[0-9;?]*[a-zA-Z]", "", text)
            self.printed_at = time.monotonic()

    def type(self, line):
        os.write(self.master, line.encode() + b"\n")

    def expect(self, line):
        """Waits until the line is printed, after the lines expected before."""
        wanted, until = pattern(line), time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = wanted.search(self.text, self.seen)
            if found:
                self.seen = found.end()
                return True
            time.sleep(0.02)
        return False

    def is_quiet(self):
        return time.monotonic() - self.printed_at > QUIET_S

    def settle(self):
        """Waits until the shell is ready: it prints a word on request."""
        self.mark = getattr(self, "mark", 0) + 1
        self.type(f"echo end-of-{self.mark}-")
        until = time.monotonic() + PATIENCE_S
        while f"end-of-{self.mark}-\n" not in self.text[self.seen :]:
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def close(self):
        os.close(self.master)
        self.shell.kill()
        self.shell.wait()


def play(lines, terminal, failures):
    """Types the commands of a block and compares their output. Returns the number that passed."""
    passed, command, talks = 0, None, False
    ok = True

    def done():
        nonlocal passed
        if command is None:
            return
        if ok and (talks or command.endswith("&") or terminal.settle()):
            passed += 1
        else:
            printed = terminal.text[-1500:]
            failures.append(f"$ {command}\n{printed}")

    for line in lines:
        if line.startswith("$ "):
            done()
            command, ok = line[2:], True
            talks = bool(re.match(r"nc \S+ \d+$", command))
            terminal.type(command)
        elif talks and not SERVER_LINE.match(line):
            terminal.type(line)
        elif line and ok and not terminal.expect(line):
            ok = False
            failures.append(f"not printed: {line}")
    done()
    if talks:
        # The server has closed the connection; nc still waits for its terminal.
        terminal.type("\x03")
    return passed


def installed(binary, place):
    """Returns a directory for PATH that has the binary under its name."""
    folder = f"{place}/bin"
    os.mkdir(folder)
    os.symlink(os.path.abspath(binary), f"{folder}/pentad")
    return f"{folder}:{os.environ['PATH']}"


def main():
    if os.environ.get("TOUR_NETWORK") is None:
        network = ["unshare", "--net", "--map-root-user", "env", "TOUR_NETWORK=own"]
        ran = subprocess.run([*network, sys.executable, "-B", *sys.argv], check=False)
        sys.exit(ran.returncode)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # Ctrl-C ends nothing in shells that inherit an ignored SIGINT, as in the background of a script.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with open("README.md", encoding="utf-8") as file:
        groups = tour(file.read())
    passed, failures, commands = 0, [], 0
    with tempfile.TemporaryDirectory() as place:
        path = installed(sys.argv[1], place)
        first = Terminal(place, path)
        for blocks in groups:
            others = [Terminal(place, path) for _ in blocks[1:]]
            results = []
            threads = []
            for lines, terminal in zip(blocks, [first, *others]):
                commands += sum(line.startswith("$ ") for line in lines)

                def run(lines=lines, terminal=terminal):
                    results.append(play(lines, terminal, failures))

                threads.append(threading.Thread(target=run))
                terminal.printed_at = time.monotonic()
                threads[-1].start()
                while threads[-1].is_alive() and not terminal.is_quiet():
                    time.sleep(0.05)
            for thread in threads:
                thread.join()
            passed += sum(results)
            for terminal in others:
                terminal.close()
        first.close()
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {commands - passed} failed")
    sys.exit(passed < commands)


main()
