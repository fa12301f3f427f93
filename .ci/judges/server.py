"""A running pentad, for those who judge what it answers."""

import contextlib
import subprocess
import sys


@contextlib.contextmanager
def running(binary, args):
    """The addresses that it listens on, by service. It is ended afterwards, and has to end well."""
    with subprocess.Popen([binary, *args], stdout=subprocess.PIPE, text=True) as server:
        listening = {}
        for line in server.stdout:
            words = line.split()
            if words == ["ready"]:
                break
            listening[words[1]] = words[3]
        else:
            sys.exit("the server did not start")
        try:
            yield listening
        finally:
            server.terminate()
    if server.returncode != 0:
        sys.exit(f"the server ended with {server.returncode}")
