"""A running pentad for the judges."""

import contextlib
import subprocess
import sys


@contextlib.contextmanager
def running(binary, args):
    """Yields its addresses by service. It is stopped afterwards, and must exit with success."""
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
