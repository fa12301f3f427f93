#!/usr/bin/env python3
"""Delivery times and memory of the live chat, with many visitors and agents on the loopback.

    benches/chat.py [VISITORS [AGENTS [CAPACITY]]]        (10000 100 20)

Starts target/release/pentad (PENTAD says otherwise) on one free port. Prints the resident memory
of a chatting pair, then how long messages take from an agent to its visitor and back, while
all others are connected and wait.
"""
import os
import random
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time

VISITORS, AGENTS, CAPACITY = (
    int(sys.argv[at]) if len(sys.argv) > at else default
    for at, default in ((1, 10000), (2, 100), (3, 20))
)
MESSAGES = 20000
PENTAD = os.environ.get("PENTAD", "target/release/pentad")
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def start(data):
    agents = [f"--agent=a{n}:s{n}" for n in range(AGENTS)]
    server = subprocess.Popen(
        [PENTAD, "serve", "--only", "chat", "--chat", "127.0.0.1:0", "--data", data, "--quiet",
         "--chat-queue", str(max(VISITORS, 1)), "--chat-wait", "1h", "--chat-capacity", str(CAPACITY),
         *agents],
        stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline().rsplit(":", 1)[1])
    assert server.stdout.readline() == "ready\n"
    return server, port


class Peer:
    def __init__(self, port, first):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(first.encode())
        self.tail = b""

    def lines(self):
        self.tail += self.socket.recv(65536)
        *lines, self.tail = self.tail.split(b"\n")
        return [line.decode() for line in lines]

    def until(self, begins):
        while True:
            for line in self.lines():
                if line.startswith(begins):
                    return


def percentile(times, share):
    times.sort()
    return 1000 * times[min(len(times) - 1, int(share * len(times)))]


def main():
    with tempfile.TemporaryDirectory() as data:
        server, port = start(data)
        try:
            measure(server.pid, port)
        finally:
            server.terminate()
            server.wait()


def measure(pid, port):
    agents = []
    for number in range(AGENTS):
        agents.append(Peer(port, f"/agent a{number} s{number}\n/online\n"))
        agents[-1].until("+OK 200 agent=a%d status=online" % number)
    before = resident(pid)
    pairs = min(AGENTS * CAPACITY, VISITORS)
    visitors = []
    for number in range(VISITORS):
        visitors.append(Peer(port, f"/hello v{number}\n"))
        visitors[-1].until("* CONNECTED" if number < pairs else "* QUEUED")
        if number + 1 == pairs:
            each = (resident(pid) - before) / pairs
            print(f"{pairs} chatting pairs: {each:.0f} bytes of resident memory each")
    print(f"{VISITORS} visitors and {AGENTS} agents connected: {resident(pid) >> 20} MiB")
    watch = selectors.EpollSelector()
    chats = []
    for agent in agents:
        open_chats = []
        while len(open_chats) < min(CAPACITY, pairs // AGENTS):
            for line in agent.lines():
                if line.startswith("* ASSIGNED"):
                    words = dict(word.split("=") for word in line.split()[2:])
                    open_chats.append((words["chat"], int(words["visitor"][1:])))
        chats += [(agent, chat, visitor) for chat, visitor in open_chats]
        watch.register(agent.socket, selectors.EVENT_READ, agent)
    for visitor in visitors[:pairs]:
        watch.register(visitor.socket, selectors.EVENT_READ, visitor)
    exchange(watch, chats, visitors)


def exchange(watch, chats, visitors):
    """A message each way in chats drawn by chance, some under way at a time, at a steady pace."""
    there, back, sent, answered = [], [], 0, 0
    begun = time.perf_counter()
    busy = set()
    while answered < MESSAGES:
        due = int((time.perf_counter() - begun) * 2000)
        while sent < min(due, MESSAGES):
            agent, chat, visitor = random.choice(chats)
            if visitor in busy:
                break
            busy.add(visitor)
            agent.socket.sendall(f"/to {chat} {time.perf_counter()}\n".encode())
            sent += 1
        for key, _ in watch.select(0.0005):
            for line in key.data.lines():
                now = time.perf_counter()
                if line.startswith("<a"):
                    there.append(now - float(line.split("> ")[1]))
                    key.data.socket.sendall(f"{time.perf_counter()}\n".encode())
                elif line.startswith("<"):
                    who, text = line.split("> ")
                    back.append(now - float(text))
                    busy.discard(int(who.split("|v")[1].split("#")[0]))
                    answered += 1
                elif line.startswith("-ERR 429"):
                    sys.exit("a visitor was told to be slower: more visitors, please")
    for name, times in (("agent to visitor", there), ("visitor to agent", back)):
        half, most = percentile(times, 0.5), percentile(times, 0.99)
        print(f"{name}: {len(times)} messages, {half:.3f} ms (half), {most:.3f} ms (99 %)")


main()
