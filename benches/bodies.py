#!/usr/bin/env python3
"""Sends COUNT requests with a body of LENGTH bytes, all but the last byte, to 127.0.0.1:PORT, and
prints the resident KiB of process PID: fresh, and the most seen in SECONDS while they are open; then
the number that were answered meanwhile.

    bodies.py PID PORT COUNT LENGTH SECONDS METHOD PATH
"""

import resource
import selectors
import socket
import sys
import time

# Descriptors of the interpreter itself.
SPARE = 64
PIECE = b" " * 65536


def raise_descriptor_limit(count):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < count:
        sys.exit(f"bodies.py: needs {count} descriptors, the hard limit is {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main():
    pid, port, count, length, seconds = (int(word) for word in sys.argv[1:6])
    method, path = sys.argv[6:]
    raise_descriptor_limit(count + SPARE)
    fresh = most = resident_kib(pid)
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    left, answered, selector = {}, set(), selectors.DefaultSelector()
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(head.encode())
        connection.setblocking(False)
        left[connection] = length - 1
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for key, events in selector.select(0.05):
            connection = key.fileobj
            try:
                if events & selectors.EVENT_READ:
                    answered.add(connection)
                    if not connection.recv(65536):
                        selector.unregister(connection)
                        continue
                if events & selectors.EVENT_WRITE:
                    if left[connection]:
                        left[connection] -= connection.send(PIECE[: left[connection]])
                    if not left[connection]:
                        selector.modify(connection, selectors.EVENT_READ)
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(connection)
        most = max(most, resident_kib(pid))
    print(fresh)
    print(most)
    print(len(answered))


if __name__ == "__main__":
    main()
