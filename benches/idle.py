#!/usr/bin/env python3
"""Holds COUNT idle keep-alive connections to 127.0.0.1:PORT open, twice, and prints the resident
KiB of process PID: fresh, with the first ones, and with the second ones.

    idle.py PID PORT COUNT
"""

import resource
import socket
import sys

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Descriptors of the interpreter itself.
SPARE = 64


def raise_descriptor_limit(count):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < count:
        sys.exit(f"idle.py: needs {count} descriptors, the hard limit is {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def idle_connection(port):
    """A connection after its first answer, whose body has three bytes."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\nok\n"):
        more = connection.recv(4096)
        if not more:
            sys.exit(f"idle.py: the connection ended after {answer!r}")
        answer += more
    return connection


def end(connections):
    """Closes them and waits until the server has done so, too."""
    for connection in connections:
        connection.shutdown(socket.SHUT_WR)
    for connection in connections:
        while connection.recv(4096):
            pass
        connection.close()


def main():
    pid, port, count = (int(word) for word in sys.argv[1:])
    raise_descriptor_limit(count + SPARE)
    print(resident_kib(pid))
    for _ in range(2):
        connections = [idle_connection(port) for _ in range(count)]
        print(resident_kib(pid))
        end(connections)


if __name__ == "__main__":
    main()
