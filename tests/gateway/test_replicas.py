"""Two replicas of a service behind one address: both are asked, and one that is gone is not missed."""

import httpx2
import pytest

from demo.ports import free_port
from gateway.settings import Upstream
from tests.gateway.rogue import Asked, Reader, RogueWith, Writer, answer
from tests.gateway.serving import GatewayTo


def test_both_are_asked_and_one_that_is_gone_is_not_missed(
    rogue_with: RogueWith, gateway_to: GatewayTo
) -> None:
    async def closes(asked: Asked, reader: Reader, writer: Writer) -> None:
        """Answers with its own name, on a connection of its own each time."""
        name = str(writer.get_extra_info("sockname")[1])
        writer.write(answer(name.encode()).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        await writer.drain()
        writer.close()

    one, two = rogue_with(closes), rogue_with(closes)
    addresses = f"{one.url}, http://127.0.0.1:{free_port()}, {two.url}"
    gateway, key = gateway_to(addresses)
    with httpx2.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {key}"}) as client:
        answered = [client.get("/api/imagestore/x").text for _ in range(12)]
        assert set(answered) == {one.url.rpartition(":")[2], two.url.rpartition(":")[2]}
        two.stop()
        posted = [client.post("/api/imagestore/x", json={}) for _ in range(12)]
    assert {(each.status_code, each.text) for each in posted} == {(200, one.url.rpartition(":")[2])}


@pytest.mark.parametrize("urls", ["", "ftp://one", "http://one,https://two", "http://one/a,http://two/b"])
def test_addresses_that_cannot_be(urls: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Upstream("tagging", urls)


def test_one_address_is_as_it_is_given() -> None:
    assert Upstream("tagging", "https://one.example:8001/below/").url == "https://one.example:8001/below"
