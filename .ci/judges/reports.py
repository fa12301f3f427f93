"""Makes a report of every kind, and validates each with docs/load-report.schema.json.

Usage: reports.py BINARY. The last line counts valid and invalid documents: the files of the
reports, the output of --format json, and the result in /test_status; and, to show that the schema
refuses something, documents with errors, which must be invalid.
"""

import contextlib
import copy
import glob
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

from jsonschema import Draft202012Validator
from server import running

PATIENCE = 30
COUNTED = ["-n", "200", "-c", "5"]

# The runs, by name: the path, and the arguments.
RUNS = {
    "closed": ("/", COUNTED),
    "open": ("/", ["-r", "200", "-d", "1200ms", "--warmup", "100ms", "-c", "5"]),
    "pipelined": ("/", [*COUNTED, "--pipeline", "8"]),
    "a-connection-each": ("/", [*COUNTED, "--no-keepalive"]),
    "body": ("/pi", [*COUNTED, "-b", '{"username":"1111","password":"1111-pw","simulations":9}']),
    "missing": ("/missing", COUNTED),
    "slow-headers": ("/", ["--slow", "headers", "-n", "2", "-c", "2", "-d", "5s"]),
    "slow-body": ("/pi", ["--slow", "body", "-n", "2", "-c", "2", "-d", "5s"]),
    "slow-read": ("/", ["--slow", "read", "-c", "2", "-d", "1s"]),
}


def serve(binary, place):
    args = ["--only", "web,panel", "--web", "127.0.0.1:0", "--panel", "127.0.0.1:0"]
    args += ["--head-timeout", "300ms", "--body-timeout", "300ms", "--data", f"{place}/data"]
    return running(binary, args)


def load(binary, place, name, url, args):
    """Runs the tester; returns the document that it wrote, for any exit code."""
    file = f"{place}/{name}.json"
    command = [binary, "load", url, *args, "--label", name, "-o", file]
    command += ["--data", f"{place}/data"]
    subprocess.run(command, timeout=PATIENCE, stderr=subprocess.DEVNULL)
    with open(file) as document:
        return json.load(document)


def click(panel):
    """Returns the result of a test from the panel."""
    connection = http.client.HTTPConnection(panel, timeout=PATIENCE)

    def ask(method, path):
        connection.request(method, path)
        return json.load(connection.getresponse())

    ask("POST", "/start_test?duration=1")
    deadline = time.monotonic() + PATIENCE
    while (status := ask("GET", "/test_status"))["running"] and time.monotonic() < deadline:
        time.sleep(0.05)
    return status["result"]


@contextlib.contextmanager
def silent(answer=b""):
    """Starts a server that answers any request with these bytes; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=talk, args=listener.accept()[:1], daemon=True).start()

        def talk(connection):
            with connection, contextlib.suppress(OSError):
                while connection.recv(65536):
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def wrong(report):
    """Returns variants of the report with one error each, by name."""
    for name, change in {
        "a member too many": lambda r: r["result"].update(more=1),
        "a member missing": lambda r: r["result"].pop("rps"),
        "a negative count": lambda r: r["result"].update(requests=-1),
        "another kind of error": lambda r: r["result"]["errors"].update(other=0),
        "an unknown mode": lambda r: r["result"].update(mode="slow"),
        "a text for a number": lambda r: r["result"]["latency_ms"].update(p99="1"),
        "an id that is a path": lambda r: r.update(id="../x"),
    }.items():
        changed = copy.deepcopy(report)
        change(changed)
        yield name, changed


def main():
    binary = os.path.abspath(sys.argv[1])
    with open("docs/load-report.schema.json") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    whole = Draft202012Validator(schema)

    def shape(name):
        return whole.evolve(schema={"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})

    flat, kept = shape("flat"), shape("kept")
    passed = failed = 0

    def count(name, problems):
        nonlocal passed, failed
        for problem in problems:
            print(f"{name}: {problem}")
        passed, failed = passed + (not problems), failed + bool(problems)

    def judge(name, validator, document):
        errors = [*validator.iter_errors(document), *whole.iter_errors(document)]
        count(name, [f"{error.json_path}: {error.message}" for error in errors])

    with tempfile.TemporaryDirectory() as place:
        with serve(binary, place) as listening:
            for name, (path, args) in RUNS.items():
                url = f"http://{listening['web']}{path}"
                judge(f"{name}, printed", flat, load(binary, place, name, url, args))
            judge("result of /test_status", flat, click(listening["panel"]))
        url = f"http://{listening['web']}/"
        judge("no server, printed", flat, load(binary, place, "no-server", url, ["-n", "9"]))
        with silent() as url:
            args = ["-c", "3", "-r", "20", "-d", "500ms"]
            judge("under way, printed", flat, load(binary, place, "silent", url, args))
        with silent(b"HTTP/1.1 999 No\r\nContent-Length: x\r\n\r\n") as url:
            judge("misread, printed", flat, load(binary, place, "misread", url, ["-n", "9"]))
        files = sorted(glob.glob(f"{place}/data/reports/*.json"))
        # A run without a successful answer stores no report.
        expected = len(RUNS) + 1
        missing = [] if len(files) == expected else [f"{len(files)} files instead of {expected}"]
        count("a file for each run", missing)
        for path in files:
            with open(path) as file:
                report = json.load(file)
            judge(os.path.basename(path), kept, report)
        for name, document in wrong(report):
            count(f"{name}, refused", [] if not whole.is_valid(document) else ["it was not"])
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
