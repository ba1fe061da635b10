"""Two of each service, and two gateways behind one address: nothing is lost and nothing done twice."""

from collections.abc import Iterator

import httpx2
import pytest

from bench.containers import docker
from tests.compose.addresses import Balancer
from tests.compose.load import Load
from tests.compose.patience import wait_until
from tests.compose.stack import ComposeStack
from tests.journeys.events import Program
from tests.journeys.photos import photo

pytestmark = pytest.mark.compose
BEHIND = ("tagging", "imagestore", "processing", "sdcard")


@pytest.fixture(scope="module")
def pair(stack: ComposeStack) -> Iterator[list[str]]:
    """The addresses of the two gateways; `stack` is reached by the one in front of them meanwhile."""
    stack.scale(gateway=2, **dict.fromkeys(BEHIND, 2))
    ports = stack.project.ports("gateway", 8000)
    with Balancer(ports) as balancer:
        stack.gateway_url = f"http://127.0.0.1:{balancer.port}"
        yield [f"http://127.0.0.1:{port}" for port in ports]
    stack.scale(gateway=1, **dict.fromkeys(BEHIND, 1))
    stack.look()


def test_a_key_and_its_end_are_known_to_both(stack: ComposeStack, pair: list[str]) -> None:
    admin = {"Authorization": f"Bearer {stack.key}"}
    made = httpx2.post(f"{pair[0]}/v1/keys", json={"name": "two", "scopes": ["read"]}, headers=admin).json()
    shown = {"Authorization": f"Bearer {made['key']}"}

    def status() -> int:
        return httpx2.get(f"{pair[1]}/api/imagestore/v1/images", headers=shown).status_code

    assert status() == 200
    assert httpx2.delete(f"{pair[0]}/v1/keys/{made['id']}", headers=admin).status_code == 204
    wait_until(lambda: status() == 401)


def test_both_tell_of_every_upload_once(stack: ComposeStack, pair: list[str]) -> None:
    heard = []
    data = photo("moon.png").data
    both = []
    for url in pair:
        stack.gateway_url, front = url, stack.gateway_url
        both.append(Program(stack, "imagestore.image.created"))
        stack.gateway_url = front
    with both[0], both[1], stack.images() as client:
        for number in range(20):
            client.put(f"/v1/images/both-{number}.png", content=data).raise_for_status()
        for program in both:
            told = program.listen(20, lambda subject: subject.startswith("images/both-"))
            heard.append([event["id"] for event in told])
    assert heard[0] == heard[1]
    assert len(set(heard[0])) == 20


def test_a_load_over_both_and_the_end_of_one_of_each_lose_nothing(
    stack: ComposeStack, pair: list[str]
) -> None:
    with Load(stack, "pairs") as load:
        load.wait_for_more((10, 30, 2))
        ids = [min(one["Id"] for one in stack.project.containers(name)) for name in BEHIND]
        for container in ids:
            docker("stop", container)
            load.wait_for_more()
        for container in ids:
            docker("start", container)
    stack.project.wait_until_healthy()
    load.check()
