"""The whole system as the compose file starts it, with all profiles: what the journeys are taken on."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import obstore
from obstore.store import S3Store

from bench.containers import Project, service_of, state_of
from demo.ports import adjacent_ports, free_ports
from tests.compose.patience import wait_until
from tests.shared.s3 import BUCKET, SECRET, USER
from tests.stack import TIMEOUT, answers

OVERRIDE = Path(__file__).with_name("override.yml")
PROFILES = "postgres,cluster,monitoring"
WORKERS = 2
LEGACY = {"legacy_tagging": 52973, "legacy_imagestore": 9999, "legacy_processing": 55548}
SETTINGS = {
    "COMPOSE_PROFILES": PROFILES,
    "DARKROOM_DATABASES_URL": "postgresql://darkroom@postgres?passfile=/run/secrets/pgpass",
    "DARKROOM_BLOBS_URL": f"s3://{BUCKET}/compose?endpoint=http://s3:8080&region=us-east-1",
    "AWS_ACCESS_KEY_ID": USER,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "DARKROOM_DASK_SCHEDULER": "tcp://scheduler:8786",
    # two pieces of a reply must not come together through the engine's proxy, however busy the machine is
    "DARKROOM_LEGACY_PAUSE_SECONDS": "0.5",
    # the rate is for people's keys; here every request counts
    "DARKROOM_GATEWAY_REQUESTS_PER_SECOND": "0",
}


class ComposeStack:
    """Has what tests.stack.Stack has for whoever talks to it; it is up when it is made."""

    def __init__(self, pictures: Path) -> None:
        self.pictures = pictures
        pictures.chmod(0o777)  # the containers run as a user of their own
        first = adjacent_ports(2)
        legacy = free_ports(len(LEGACY))
        ports = {f"DARKROOM_{name.upper()}_PORT": str(at) for name, at in zip(LEGACY, legacy, strict=True)}
        given = {
            "DARKROOM_GATEWAY_PORT": f"{first}-{first + 1}",
            "DARKROOM_PROMETHEUS_PORT": str(free_ports(1)[0]),
            "DARKROOM_PICTURES": str(pictures),
        }
        self.project = Project(f"darkroom-test-{os.getpid()}", SETTINGS | ports | given, OVERRIDE)
        self.ports = dict(zip(LEGACY, legacy, strict=True))

    def start(self) -> None:
        """Build all images, and start everything."""
        self.project.build(COMPOSE_PROFILES=f"{PROFILES},backup")
        self.project.run("up", "-d", "s3")
        wait_until(self._makes_bucket, lambda: self.project.run("logs", "s3"))
        self.scale()
        self.key = self.project.execute("gateway", "cat", "/data/gateway/admin.key").strip()
        self.look()

    def scale(self, **replicas: int) -> None:
        """So many containers of each service; one where nothing is said, and the workers."""
        wanted = [word for name, count in replicas.items() for word in ("--scale", f"{name}={count}")]
        self.project.run("up", "-d", "--no-build", "--scale", f"worker={WORKERS}", *wanted)
        self.project.wait_until_healthy()

    def look(self) -> None:
        """Find the gateway's address again: a new container may have another port of its range."""
        self.gateway_url = f"http://127.0.0.1:{self.project.ports('gateway', 8000)[0]}"
        self.address = f"{self.gateway_url}/#key={self.key}"

    def client(self, **headers: str) -> httpx2.Client:
        """A client of the gateway, with the admin key."""
        given = {"Authorization": f"Bearer {self.key}", **headers}
        return httpx2.Client(base_url=self.gateway_url, headers=given, timeout=TIMEOUT, trust_env=False)

    def images(self) -> httpx2.Client:
        """The same for the image store's calls."""
        client = self.client()
        client.base_url = f"{self.gateway_url}/api/imagestore"
        return client

    def wait_until_ready(self) -> None:
        """Wait until the gateway says that all are ready."""
        wait_until(lambda: answers(f"{self.gateway_url}/readyz"), self.troubles)

    def troubles(self) -> str:
        """For a failure's message: the state of each container, and the last that was logged."""
        states = {service_of(one): state_of(one) for one in self.project.containers()}
        return f"{states}\n{self.project.run('logs', '--tail', '30')}"

    def _makes_bucket(self) -> bool:
        """True once the bucket could be made, by a signed URL: obstore has no call for it."""
        places = self.project.ports("s3", 8080)
        config: Any = {
            "endpoint": f"http://127.0.0.1:{places[0]}",
            "region": "us-east-1",
            "access_key_id": USER,
            "secret_access_key": SECRET,
        }
        store = S3Store(BUCKET, config=config, client_options={"allow_http": True})
        try:
            url = obstore.sign(store, "PUT", "", timedelta(minutes=1))
            return httpx2.put(url, timeout=5, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False
