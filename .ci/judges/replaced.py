"""Replaces files continually while a running pentad serves them, and checks every body.

Usage: replaced.py BINARY [SECONDS]. Files of three sizes are replaced in three ways: renamed over,
rewritten in place, deleted and created. wrk (or pentad load, if there is no wrk) keeps the server
busy meanwhile. A complete body has the hash of one version of its file, and a truncated one is the
beginning of one; anything else is an error. (A file may be written between the check and the system
call that sends a piece of it. That piece is the last one then, and the number of pieces of another
version is reported.) The last line counts the nine files that passed, and those that did not.
"""

import hashlib
import http.client
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from functools import lru_cache

from server import running

SIZES = {"1KiB": 1 << 10, "100KiB": 100 << 10, "3MiB": 3 << 20}
WAYS = ["renamed", "written", "created"]
# Bytes of a file that one system call sends from the disk.
PIECE = 256 << 10
FILES = [f"{way}-{size}" for way in WAYS for size in SIZES]
# The largest file is not cached, so it is sent from the disk while it changes.
ARGS = ["--only", "web", "--web", "127.0.0.1:0", "--cache-bytes", "4MiB"]


@lru_cache(maxsize=64)
def version(name, number):
    """Each word contains its version, and the version determines the length."""
    words = SIZES[name.split("-")[1]] // 8
    return b"%07d\n" % number * (words - number * 7919 % (words // 3))


@lru_cache(maxsize=4096)
def digest(name, number):
    return hashlib.sha256(version(name, number)).hexdigest()


def replace(root, name, body):
    path, aside = f"{root}/{name}", f"{root}/.{name}"
    match name.split("-")[0]:
        case "renamed":
            with open(aside, "wb") as file:
                file.write(body)
            os.rename(aside, path)
        case "written":
            with open(path, "wb", buffering=0) as file:
                file.write(body)
        case "created":
            os.unlink(path)
            with open(path, "wb", buffering=0) as file:
                file.write(body)


def writer(root, over):
    """Some versions follow each other at once, others exist for a while."""
    numbers = dict.fromkeys(FILES, 0)
    while not over.is_set():
        for name in random.sample(FILES, 3):
            for _ in range(random.choice([1, 1, 3])):
                numbers[name] += 1
                replace(root, name, version(name, numbers[name]))
        over.wait(random.choice([0, 0.05, 0.2]))


class Tally:
    """The results of one file."""

    def __init__(self):
        self.whole = self.early = self.crossed = self.refused = 0
        self.versions, self.wrong = set(), []

    def take(self, name, status, length, body):
        if status in (404, 503):
            self.refused += 1
            return
        first = body[:8]
        number = int(first[:7]) if len(first) == 8 and first[:7].isdigit() else None
        if status == 200 and len(body) == length:
            right = number is not None and hashlib.sha256(body).hexdigest() == digest(name, number)
            self.whole += 1
            self.versions.add(number)
        else:
            right = status == 200 and len(body) < length
            if right and number is not None and not version(name, number).startswith(body):
                right = version(name, number).startswith(body[:-PIECE])
                self.crossed += 1
            self.early += 1
        if not right:
            self.wrong.append(f"{status}, {len(body)} of {length} bytes, {first} to {body[-8:]}")

    def verdict(self):
        if self.wrong:
            return f"{len(self.wrong)} wrong, such as {self.wrong[0]}"
        if len(self.versions) < 3:
            return f"only {len(self.versions)} versions seen"
        return None


def fetch(connection, name):
    """Returns the status, the announced length, and the received part of the body."""
    connection.request("GET", f"/{name}")
    answer = connection.getresponse()
    length = int(answer.headers["Content-Length"])
    try:
        return answer.status, length, answer.read()
    except http.client.IncompleteRead as error:
        connection.close()
        return answer.status, length, error.partial


def reader(address, names, until, tallies, failures):
    connection = http.client.HTTPConnection(address, timeout=30)
    while time.monotonic() < until:
        name = random.choice(names)
        try:
            tallies[name].take(name, *fetch(connection, name))
        except Exception as error:
            connection.close()
            failures.append(f"{name}: {error!r}")


def serve(binary, place):
    root = f"{place}/root"
    os.mkdir(root)
    for name in FILES:
        with open(f"{root}/{name}", "wb") as file:
            file.write(version(name, 0))
    return running(binary, [*ARGS, "--root", root, "--data", f"{place}/data"])


def load(binary, address, seconds):
    """Keeps the server busy with a small file and with the largest."""
    loads = []
    for name, clients in [("renamed-1KiB", "8"), ("written-100KiB", "4"), ("renamed-3MiB", "2")]:
        url = f"http://{address}/{name}"
        if shutil.which("wrk"):
            args = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", url]
        else:
            args = [binary, "load", url, "-c", clients, "-d", f"{seconds}s", "--format", "quiet"]
        loads.append(subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    return loads


def main():
    binary, seconds = os.path.abspath(sys.argv[1]), int((sys.argv[2:] or ["10"])[0])
    tallies = {name: Tally() for name in FILES}
    failures = []
    with tempfile.TemporaryDirectory() as place, serve(binary, place) as listening:
        root, address = f"{place}/root", listening["web"]
        over = multiprocessing.Event()
        replacing = multiprocessing.Process(target=writer, args=(root, over))
        try:
            replacing.start()
            loads = load(binary, address, seconds)
            until = time.monotonic() + seconds
            # Each file has one thread, so its tally is not shared.
            args = [(address, [name], until, tallies, failures) for name in FILES]
            readers = [threading.Thread(target=reader, args=one) for one in args]
            for thread in readers:
                thread.start()
            for thread in readers:
                thread.join()
            for process in loads:
                process.wait()
        finally:
            over.set()
            replacing.join()
    for name, tally in tallies.items():
        verdict = tally.verdict()
        print(
            f"{name}: {tally.whole} whole, of {len(tally.versions)} versions, {tally.early} ended "
            f"early, {tally.crossed} of them in a piece of another version, {tally.refused} refused"
            + (f": {verdict}" if verdict else "")
        )
    for failure in failures[:5]:
        print(failure)
    failed = sum(tally.verdict() is not None for tally in tallies.values())
    failed += bool(failures)
    print(f"{len(FILES) - min(failed, len(FILES))} passed, {failed} failed")
    sys.exit(failed > 0)


main()
