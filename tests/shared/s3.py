"""A real S3 server for tests: see s3_server.py, which runs in a process of its own."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import obstore
import pytest
from obstore.store import S3Store

from demo.ports import adjacent_ports
from tests.gateway.serving import wait_until

BUCKET = "darkroom"
USER, SECRET = "test:tester", "testing"


class S3:
    """OpenStack Swift; its keys are in the environment, as the keys of every S3 client."""

    def __init__(self, folder: Path) -> None:
        self.port = adjacent_ports(4)  # its servers of accounts, containers and objects have the next ones
        self.endpoint = f"http://127.0.0.1:{self.port}"
        program = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("s3_server.py"))]
        self._process = subprocess.Popen([*program, str(folder), str(self.port)], stdin=subprocess.PIPE)
        wait_until(self._answers, 60)

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)

    def new_prefix(self) -> str:
        """The URL of an empty place for blobs."""
        return f"s3://{BUCKET}/{uuid4().hex}?endpoint={self.endpoint}&region=us-east-1"

    @contextmanager
    def wrong_secret(self) -> Iterator[None]:
        """Stores that are opened meanwhile have a key that the server does not know."""
        right = os.environ["AWS_SECRET_ACCESS_KEY"]
        os.environ["AWS_SECRET_ACCESS_KEY"] = "wrong"
        yield
        os.environ["AWS_SECRET_ACCESS_KEY"] = right

    def _answers(self) -> bool:
        """True once the bucket could be made, by a signed URL: obstore has no call for it."""
        config: Any = {"endpoint": self.endpoint, "region": "us-east-1"}
        store = S3Store(BUCKET, config=config, client_options={"allow_http": True})
        try:
            return (
                httpx2.put(obstore.sign(store, "PUT", "", timedelta(minutes=1)), timeout=5).status_code == 200
            )
        except httpx2.TransportError:
            return False


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """A server for all tests of a folder; where Swift is not installed its tests are skipped."""
    if importlib.util.find_spec("swift") is None:
        pytest.skip("OpenStack Swift, our S3 server for tests, is not installed (pip install swift)")
    given = {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": SECRET}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    server = S3(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
