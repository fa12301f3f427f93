"""Pastes every line of the built-in site that begins with a dollar sign into a shell.

Usage: examples.py BINARY. The ports are those of a server of its own, with all services. A line
passes if it succeeds, and if the second time its output has the words of the reply that the page
shows. Lines that would start another server are skipped. The last line counts the others.
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from server import running

PORTS = {
    "web": 8080,
    "panel": 5000,
    "legacy": 31416,
    "pow": 20000,
    "chat": 4000,
    "catalog-1": 6001,
    "catalog-2": 6002,
    "order-1": 7002,
    "order-2": 7001,
}


def serve(binary, place):
    """A server with all services."""
    args = [f"--{service}=127.0.0.1:0" for service in PORTS]
    args += ["--data", f"{place}/data", "--legacy-corruption=0", "--quiet"]
    return running(binary, args)


def examples(page):
    """Returns commands, each with its typed input and the replies shown below it."""
    for block in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL):
        for part in block.split("<i>$ </i>")[1:]:
            replies = [html.unescape(text) for text in re.findall("<samp>(.*?)</samp>", part)]
            command, _, typed = re.sub("<samp>.*?</samp>", "\0", part).partition("\0")
            yield html.unescape(command).strip(), html.unescape(typed.replace("\0", "")), replies


def here(command, addresses):
    """Returns the command with the ports of this server."""
    for theirs, ours in addresses.items():
        command = command.replace(theirs, ours)
        command = command.replace(theirs.replace(":", " "), ours.replace(":", " "))
    return command


def shown(reply, output):
    """Returns True if the output contains the reply, as far as the page shows it."""
    words = re.findall(r"\b(?:[a-z_]{4,}|[A-Z]{3,})\b", reply)
    return all(word in output for word in words)


def paste(command, typed, place):
    """Returns the output of the command. A conversation is left unfinished."""
    env = {**os.environ, "HOME": place}
    args = ["timeout", "3", "sh", "-c", command]
    given = typed.strip() + "\n" if typed.strip() else ""
    ran = subprocess.run(args, input=given, capture_output=True, text=True, env=env, cwd=place)
    left = ran.returncode == 124 and given
    return ran.stdout if ran.returncode == 0 or left else "", ran.stderr


def main():
    passed = failed = skipped = 0
    with (
        tempfile.TemporaryDirectory() as place,
        serve(os.path.abspath(sys.argv[1]), place) as listening,
    ):
        addresses = {f"127.0.0.1:{port}": listening[name] for name, port in PORTS.items()}
        with urllib.request.urlopen(f"http://{listening['web']}/") as answer:
            page = answer.read().decode()
        for command, typed, replies in examples(page):
            tools = [word for word in ("curl", "nc") if re.search(rf"\b{word} ", command)]
            if not tools:
                continue
            if not all(shutil.which(tool) for tool in tools):
                skipped += 1
                continue
            paste(here(command, addresses), typed, place)
            output, errors = paste(here(command, addresses), typed, place)
            missing = [reply for reply in replies if not shown(reply, output)]
            if output and not missing:
                passed += 1
            else:
                failed += 1
                print(f"{command}\n  printed: {output or errors!r}\n  not shown: {missing}")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(failed > 0)


main()
