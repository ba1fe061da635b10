"""The gateway beside nginx in front of the same image store, and beside the image store alone.

The ways take turns in short rounds, so that whatever else the machine does meets all of them; the figure
is the median of the rounds.
"""

import io
import secrets
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from bench.photos import photo
from bench.rows import Row
from bench.wrk import Load, Way, load

CONNECTIONS = 16
ROUNDS = 5
LEAST_RATIO = 0.6
MOST_ADDED_MS = 1.5
IMAGE_BYTES = 200_000
NGINX_PORT = 8190
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes auto;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream service {{ server {address}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


class Stack(Protocol):
    """The running Darkroom, as far as it is needed here: without a limit of requests for the key."""

    @property
    def gateway_url(self) -> str:
        """The gateway: `http://127.0.0.1:8000`."""

    @property
    def imagestore_url(self) -> str:
        """The image store itself: `http://127.0.0.1:8002`."""

    @property
    def key(self) -> str:
        """A key with all scopes."""

    @property
    def service_token(self) -> str:
        """What a service wants of its callers."""


def in_turns(ways: Mapping[str, Way], path: str, connections: int) -> dict[str, list[Load]]:
    """What wrk saw of each way, round by round."""
    found: dict[str, list[Load]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(load(way, path, connections))
    return found


@contextmanager
def nginx(upstream: str) -> Iterator[str]:
    """nginx in front of an address, with connections kept open on both sides and no access log."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, address=urlsplit(upstream).netloc, port=NGINX_PORT))
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        process = subprocess.Popen([binary, "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            _wait_for(NGINX_PORT)
            yield f"http://127.0.0.1:{NGINX_PORT}"
        finally:
            process.terminate()
            process.wait()


def put_image(stack: Stack, name: str, content: bytes) -> None:
    """Put an image in, past the gateway."""
    request = urllib.request.Request(
        f"{stack.imagestore_url}/v1/images/{name}",
        data=content,
        method="PUT",
        headers={"X-Darkroom-Service-Token": stack.service_token, "Content-Type": "image/jpeg"},
    )
    with urllib.request.urlopen(request, timeout=30):
        pass


def image_of(size: int) -> bytes:
    """A JPEG of exactly that many bytes: padded after its end, where readers do not look."""
    made = photo(640, 480)
    if len(made) > size:
        raise ValueError(f"the picture has {len(made)} bytes, more than {size}")
    padded = io.BytesIO(made)
    padded.seek(0, io.SEEK_END)
    padded.write(b"\0" * (size - len(made)))
    return padded.getvalue()


def run(stack: Stack) -> list[Row]:
    """The table's rows."""
    name = f"bench-{secrets.token_hex(4)}.jpg"
    put_image(stack, name, image_of(IMAGE_BYTES))
    token = f"X-Darkroom-Service-Token: {stack.service_token}"
    direct = Way(stack.imagestore_url, token)
    gateway = Way(f"{stack.gateway_url}/api/imagestore", f"Authorization: Bearer {stack.key}")
    json, image = f"/v1/images/{name}", f"/v1/images/{name}/content"
    with nginx(stack.imagestore_url) as address:
        ways = {"gateway": gateway, "nginx": Way(address, token)}
        rows = [
            _ratio(f"JSON through the gateway, {CONNECTIONS} connections", in_turns(ways, json, CONNECTIONS)),
            _ratio(
                f"{IMAGE_BYTES // 1000} KB image through the gateway, {CONNECTIONS} connections",
                in_turns(ways, image, CONNECTIONS),
            ),
        ]
    return [*rows, _added(in_turns({"gateway": gateway, "direct": direct}, json, 1))]


def _ratio(work: str, found: Mapping[str, list[Load]]) -> Row:
    ours, reference = (
        statistics.median(one.per_second for one in found[way]) for way in ("gateway", "nginx")
    )
    met = ours / reference >= LEAST_RATIO
    return Row(work, ours, reference, "requests/s", LEAST_RATIO, met, "nginx proxy_pass, keepalive upstream")


def _added(found: Mapping[str, list[Load]]) -> Row:
    through, direct = (
        statistics.median(one.median_ms for one in found[way]) for way in ("gateway", "direct")
    )
    added = through - direct
    note = f"the most allowed; the median is {through:.2f} ms through the gateway, {direct:.2f} ms direct"
    work = "latency that the gateway adds, 1 connection, median"
    return Row(work, added, MOST_ADDED_MS, "ms", 1.0, added <= MOST_ADDED_MS, note)


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")
