#!/usr/bin/env python3
"""A load that wrk does not know, for files.sh.

    slow.py PORT READERS SECONDS PID
        so many readers ask for /large, and take 4 KiB of it ten times a second; meanwhile one
        client asks for /small again and again. Printed are the most resident memory of the process
        in KiB, and how many µs half and 99 of 100 of the small files took at most.
"""

import selectors
import socket
import sys
import time

SMALL = b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"


def connect(port, receive_bytes=None):
    client = socket.socket()
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.connect(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def answer(client):
    """Reads one whole answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    left = length - len(body)
    while left > 0:
        left -= len(client.recv(65536))


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(line.split()[1] for line in status if line.startswith("VmRSS:"))


def slow(port, readers, seconds, pid):
    small = connect(port)
    selector = selectors.DefaultSelector()
    for _ in range(readers):
        client = connect(port, 4096)
        client.sendall(LARGE)
        client.setblocking(False)
        selector.register(client, selectors.EVENT_READ)
    times = []
    most = 0
    until = time.perf_counter() + seconds
    clients = [key.fileobj for key in selector.get_map().values()]
    turn = 0
    while time.perf_counter() < until:
        # A tenth of the readers each hundredth of a second.
        for client in clients[turn % 10 :: 10]:
            try:
                assert client.recv(4096), "a download has ended early"
            except BlockingIOError:
                pass
        turn += 1
        for _ in range(5):
            before = time.perf_counter()
            small.sendall(SMALL)
            answer(small)
            times.append(time.perf_counter() - before)
        most = max(most, int(resident(pid)))
        time.sleep(0.005)
    times.sort()
    print(most, *(times[int(len(times) * share)] * 1e6 for share in (0.5, 0.99)))


if __name__ == "__main__":
    slow(*map(int, sys.argv[1:]))
