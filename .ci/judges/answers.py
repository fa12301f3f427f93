"""Records every kind of answer that a running pentad gives, and lets httplint judge each.

Usage: answers.py BINARY. The last line counts answers without a note of the level BAD, and
those with one; an answer of another kind than requested counts as failed too.
"""

import gzip
import os
import socket
import sys
import tempfile
import time

from httplint import HttpRequestLinter, HttpResponseLinter, levels
from server import running

ACCOUNT = b'{"username":"1111","password":"1111-pw","simulations":1000}'
HTML = "Accept: text/html"
JSON = "Accept: application/json"


def site(root):
    """A site with something of each kind."""
    text = "<!doctype html><title>a</title><p>" + "lorem ipsum " * 400
    os.mkdir(f"{root}/sub")
    for path in ["index.html", "page.html", "sub/index.html"]:
        with open(f"{root}/{path}", "w") as file:
            file.write(text)
    with gzip.open(f"{root}/page.html.gz", "wb") as file:
        file.write(text.encode())
    with open(f"{root}/style.css", "w") as file:
        file.write("p { color: teal }\n" * 200)
    with open(f"{root}/data.bin", "wb") as file:
        file.write(bytes(range(256)) * 16)


def get(path, *fields):
    return ("GET", path, fields, b"")


def head(path, *fields):
    return ("HEAD", path, fields, b"")


def post(path, body, *fields):
    return ("POST", path, ("Content-Type: application/json",) + fields, body)


def exchanges(etag):
    """Returns name, listener, request, and the status of the intended kind."""
    return [
        ("page", "web", get("/", HTML), 200),
        ("page, head only", "web", head("/"), 200),
        ("style sheet", "web", get("/style.css"), 200),
        ("bytes", "web", get("/data.bin"), 200),
        ("sidecar", "web", get("/page.html", "Accept-Encoding: gzip"), 200),
        ("sidecar, head only", "web", head("/page.html", "Accept-Encoding: gzip"), 200),
        ("no sidecar", "web", get("/page.html"), 200),
        ("gzip on the fly", "web", get("/style.css", "Accept-Encoding: gzip"), 200),
        ("the same from the cache", "web", get("/style.css", "Accept-Encoding: gzip"), 200),
        ("not modified", "web", get("/page.html", f"If-None-Match: {etag}"), 304),
        ("precondition failed", "web", get("/page.html", 'If-Match: "other"'), 412),
        ("part", "web", get("/data.bin", "Range: bytes=10-19"), 206),
        ("last part", "web", get("/data.bin", "Range: bytes=-5"), 206),
        ("unsatisfiable", "web", get("/data.bin", "Range: bytes=99999-"), 416),
        ("several parts", "web", get("/data.bin", "Range: bytes=0-1,5-6"), 200),
        ("redirect", "web", get("/sub?a=b"), 308),
        ("missing page", "web", get("/missing", HTML), 404),
        ("missing page, head only", "web", head("/missing", HTML), 404),
        ("missing page as a problem", "web", get("/missing", JSON), 404),
        ("missing path of the API", "web", get("/api/missing"), 404),
        ("method not for a file", "web", post("/page.html", b"{}"), 405),
        ("method not for an API", "web", get("/pi"), 405),
        ("unknown method", "web", ("BREW", "/", (), b""), 501),
        ("options of a path", "web", ("OPTIONS", "/pi", (), b""), 204),
        ("options of the server", "web", ("OPTIONS", "*", (), b""), 204),
        ("trace", "web", ("TRACE", "/", (), b""), 405),
        ("body for a page", "web", ("GET", "/", (), b"x"), 413),
        ("no host", "web", ("GET", "/", ("Host:",), b""), 400),
        ("other version", "web", ("GET", "/", ("HTTP/2.0",), b""), 505),
        ("long target", "web", get("/" + "x" * 9000), 414),
        ("long head", "web", get("/", "X: " + "x" * 17000), 431),
        ("other expectation", "web", get("/", "Expect: cake"), 417),
        ("estimate", "web", post("/pi", ACCOUNT), 200),
        ("unknown account", "web", post("/pi", b"{}"), 401),
        ("not JSON", "web", post("/pi", b"{"), 400),
        ("counts", "web", post("/statistics", ACCOUNT), 200),
        ("proof", "web", post("/api/pow/solve", b'{"message":"a","difficulty":2}'), 200),
        ("proof, later", "web", post("/api/pow/solve", b'{"message":"b","difficulty":6}', "Prefer: wait=0"), 202),
        ("no proof", "web", post("/api/pow/verify", b'{"message":1}'), 422),
        ("missing search", "web", get("/api/pow/jobs/0123456789abcdef"), 404),
        ("figures of proofs", "web", get("/api/pow/stats"), 200),
        ("alive", "web", get("/healthz"), 200),
        ("ready", "web", get("/readyz"), 200),
        ("HTTP/1.0", "web", ("GET", "/", ("HTTP/1.0",), b""), 200),
        ("panel", "panel", get("/", HTML), 200),
        ("style sheet of the panel", "panel", get("/assets/panel.css"), 200),
        ("script of the panel", "panel", get("/assets/main.js"), 200),
        ("control from elsewhere", "panel", post("/toggle_cache", b"", "Sec-Fetch-Site: cross-site"), 403),
        ("panel, head only", "panel", head("/", HTML), 200),
        ("missing on the panel", "panel", get("/missing", HTML), 404),
    ]


def ask(address, request):
    """Sends a request on a connection of its own; returns the whole answer."""
    method, path, fields, body = request
    version = next((f for f in fields if f.startswith("HTTP/")), "HTTP/1.1")
    fields = [f for f in fields if not f.startswith("HTTP/")]
    if not any(f.startswith("Host:") for f in fields):
        fields.insert(0, f"Host: {address}")
    fields.append("Connection: close")
    if body:
        fields.append(f"Content-Length: {len(body)}")
    sent = "".join(f"{line}\r\n" for line in [f"{method} {path} {version}", *fields, ""])
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(sent.encode() + body)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return fields, received


def judge(request, fields, received):
    """Returns the status, the fields, and httplint's notes about the exchange."""
    method, path, _, body = request
    top, *lines = received.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    content = received.split(b"\r\n\r\n", 1)[1]
    pairs = [tuple(part.strip() for part in line.split(b":", 1)) for line in lines]
    asked = HttpRequestLinter(start_time=time.time())
    asked.process_request_topline(method.encode(), path.encode(), b"HTTP/1.1")
    asked.process_headers([tuple(p.strip().encode() for p in f.split(":", 1)) for f in fields])
    asked.feed_content(body)
    asked.finish_content(True)
    answer = HttpResponseLinter(start_time=time.time(), no_content=method == "HEAD")
    answer.is_head_response = method == "HEAD"
    answer.request = asked
    answer.process_response_topline(*top.split(b" ", 2))
    answer.process_headers(pairs)
    answer.feed_content(content)
    answer.finish_content(True)
    return int(top.split(b" ")[1]), dict(pairs), list(answer.notes)


def serve(binary, place):
    root = f"{place}/root"
    os.mkdir(root)
    site(root)
    args = ["--only", "web,panel", "--web", "127.0.0.1:0", "--panel", "127.0.0.1:0"]
    args += ["--root", root, "--data", f"{place}/data", "--pow-difficulty", "2"]
    return running(binary, args)


# These statuses are bad news for the client, and so always carry a note of the level BAD.
MEANT = {
    414: "The server won't accept a URI this long",
    505: "The request HTTP version isn't supported.",
}


def main():
    passed = failed = 0
    with (
        tempfile.TemporaryDirectory() as place,
        serve(os.path.abspath(sys.argv[1]), place) as listening,
    ):
        request = head("/page.html")
        _, fields, _ = judge(request, *ask(listening["web"], request))
        etag = fields.get(b"ETag", b'"none"').decode()
        for name, listener, request, expected in exchanges(etag):
            status, _, notes = judge(request, *ask(listening[listener], request))
            bad = [str(note.summary) for note in notes if note.level == levels.BAD]
            meant = MEANT.get(expected)
            bad = [summary for summary in bad if not (meant and summary.startswith(meant))]
            if status != expected:
                bad.append(f"{status} instead of {expected}")
            for complaint in bad:
                print(f"{name}: {complaint}")
            for note in notes:
                if note.level == levels.WARN and "-v" in sys.argv:
                    print(f"  {name}: ({note.subject}) {note.summary}")
            passed, failed = passed + (not bad), failed + bool(bad)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
