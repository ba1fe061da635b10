"""A service of a few lines for the tests of the runner: `python tests/scripts/stand_in.py NAME [WHAT]`.

It answers /readyz on the port of its setting, says what it was given at /environment, and misbehaves as
WHAT says: `broken` dies at its start, `stubborn` ignores SIGTERM, `parent` has a process of its own, and
`slow` takes 2 s to finish what is in flight.
"""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Answers(BaseHTTPRequestHandler):
    """/readyz, and what the tests want to see."""

    def do_GET(self) -> None:
        """Answer 200 with the environment that concerns Darkroom."""
        told = {name: value for name, value in os.environ.items() if name.startswith("DARKROOM_")}
        body = json.dumps({"pid": os.getpid(), "environment": told}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def main(name: str, what: str = "") -> None:
    """Serve until SIGTERM."""
    print(f"{name} says hello", flush=True)
    if what == "broken":
        print("there is no such database", file=sys.stderr, flush=True)
        sys.exit(3)
    data = Path(os.environ["DARKROOM_DATA_DIR"])
    if what == "parent":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (data / f"{name}.child").write_text(str(child.pid))
    (data / f"{name}.pid").write_text(str(os.getpid()))
    (data / "admin.key").write_text("dk_test\n")
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ[f"DARKROOM_{name.upper()}_PORT"])), Answers)

    def finish(*_: object) -> None:
        time.sleep(2.0 if what == "slow" else 0.0)
        (data / f"{name}.finished").write_text(str(time.monotonic_ns()))
        os._exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if what == "stubborn" else finish)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
