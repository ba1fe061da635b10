"""The images: each has what its service needs and nothing that another one's is, and runs without rights."""

import json

import pytest

from bench.containers import docker, service_of, state_of
from tests.compose.stack import ComposeStack

pytestmark = pytest.mark.compose
IMAGES = ("gateway", "legacy", "tagging", "imagestore", "processing", "sdcard", "backup")
PICTURES = {"tagging", "imagestore", "processing"}
# module: the images that have it
WHERE = {
    "cv2": PICTURES,
    "numpy": PICTURES | {"sdcard"},
    "PIL": PICTURES | {"sdcard", "legacy"},
    "paramiko": {"sdcard"},
    "av": {"sdcard"},
    "matplotlib": {"sdcard"},
    "distributed": {"processing"},
    "argon2": {"imagestore"},
    "aiohttp": {"gateway"},
    "websockets": {"gateway"},
    "obstore": PICTURES | {"sdcard", "backup"},
    "sqlalchemy": set(IMAGES),
    "gateway.app": {"gateway", "backup"},
    "gateway.legacy": {"legacy"},
    "services.tagging": {"tagging", "backup"},
    "services.imagestore": {"imagestore", "backup"},
    "services.processing": {"processing", "backup"},
    "services.sdcard": {"sdcard", "backup"},
    "tests": set(),
    "bench": set(),
    "pytest": set(),
}
LOOK = """
import importlib.util, json, sys
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
print(json.dumps([name for name in json.loads(sys.argv[1]) if there(name)]))
"""


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_what_its_service_needs_and_no_more(stack: ComposeStack, image: str) -> None:
    said = docker("run", "--rm", f"darkroom-{image}", "python", "-c", LOOK, json.dumps(list(WHERE)))
    assert set(json.loads(said)) == {name for name, images in WHERE.items() if image in images}


def test_the_page_is_in_the_gateway_s_image_alone_and_node_in_none(stack: ComposeStack) -> None:
    for image in IMAGES:
        script = "ls gateway/web/dist/index.html; command -v node npm gcc; true"
        said = docker("run", "--rm", f"darkroom-{image}", "sh", "-c", f"({script}) 2>/dev/null").split()
        assert said == (["gateway/web/dist/index.html"] if image == "gateway" else [])


def test_every_service_runs_from_its_image_and_can_change_nothing_but_its_data(stack: ComposeStack) -> None:
    found = {service_of(one): one for one in stack.project.containers()}
    for service in set(IMAGES) - {"backup"}:
        container = found[service]
        assert state_of(container) == "healthy"
        assert container["Config"]["Image"].startswith(f"darkroom-{service}:")
        assert container["Config"]["User"] == "10001:10001"
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["Memory"] > 0
        writable = {mount["Destination"] for mount in container["Mounts"] if mount["RW"]}
        assert writable - {f"/data/{service}", str(stack.pictures)} == set()
        probe = (
            "id -u; touch /app/x /data/x 2>/dev/null || echo refused; "
            "cd /data/$SERVICE && touch x && rm x && echo kept"
        )
        assert stack.project.execute(service, "sh", "-c", probe).split() == ["10001", "refused", "kept"]


def test_only_the_gateway_and_the_old_clients_door_are_published_and_on_loopback(stack: ComposeStack) -> None:
    published = {
        service_of(one): {place["HostIp"] for places in ports.values() if places for place in places}
        for one in stack.project.containers()
        if any((ports := one["NetworkSettings"]["Ports"]).values())
    }
    assert published.pop("s3")  # the tests' own
    assert published == {name: {"127.0.0.1"} for name in ("gateway", "legacy", "prometheus")}


def test_the_scheduler_s_network_leads_nowhere_else(stack: ComposeStack) -> None:
    (network,) = json.loads(docker("network", "inspect", f"{stack.project.name}_cluster"))
    assert network["Internal"]
    (scheduler,) = stack.project.containers("scheduler")
    assert list(scheduler["NetworkSettings"]["Networks"]) == [f"{stack.project.name}_cluster"]


def test_secrets_are_made_for_each_stack_and_for_their_readers_alone(stack: ComposeStack) -> None:
    listed = stack.project.execute("gateway", "sh", "-c", "cd /run/secrets && stat -c '%a %n' *").split("\n")
    assert sorted(filter(None, listed)) == [
        "600 darkroom_service_token",
        "600 pgpass",
        "600 postgres_password",
    ]
    token = stack.project.execute("gateway", "cat", "/run/secrets/darkroom_service_token").strip()
    password = stack.project.execute("gateway", "cat", "/run/secrets/postgres_password").strip()
    assert len({token, password, stack.key}) == 3
    assert min(len(token), len(password)) >= 40
    logs = stack.project.run("logs", "--no-color")
    assert not any(secret in logs for secret in (token, password, stack.key))
    inspected = json.dumps(stack.project.containers())
    assert not any(secret in inspected for secret in (token, password, stack.key))
