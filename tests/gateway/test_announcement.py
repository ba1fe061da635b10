"""A phone on the network asks for darkroom.local: real multicast DNS, on the loopback interface."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from zeroconf import (  # type: ignore[attr-defined]
    AddressResolver,
    IPVersion,
    ServiceStateChange,
    Zeroconf,
)
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from gateway.announcement import KIND, Announcement
from tests.gateway.serving import gateway_settings

LOOPBACK = ["127.0.0.1"]
PATIENCE_SECONDS = 15.0
NETWORK = {"host": "0.0.0.0", "announce_as": "darkroom-under-test"}


def look(host: str) -> list[str]:
    """Stands for an interface of this machine, so that the tests tell nobody outside of it."""
    assert host == "0.0.0.0"
    return LOOPBACK


def listening() -> AsyncZeroconf:
    """Another device."""
    return AsyncZeroconf(interfaces=LOOPBACK, ip_version=IPVersion.V4Only)


@asynccontextmanager
async def announced(announcement: Announcement) -> AsyncIterator[str]:
    """While it runs, once it has a name."""
    running = asyncio.create_task(announcement.run())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while announcement.name is None:
                assert not running.done()
                await asyncio.sleep(0.01)
        yield announcement.name
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await announcement.close()


def test_a_device_finds_it_by_name_and_in_lists_until_it_is_withdrawn(tmp_path: Path) -> None:
    settings = gateway_settings(tmp_path, **NETWORK)

    async def walk() -> None:
        device = listening()
        changes: asyncio.Queue[tuple[str, ServiceStateChange]] = asyncio.Queue()

        def note(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
            assert zeroconf is device.zeroconf
            assert service_type == KIND
            changes.put_nowait((name, state_change))

        browser = AsyncServiceBrowser(device.zeroconf, KIND, handlers=[note])
        async with announced(Announcement(settings, look)) as name:
            assert name == "darkroom-under-test.local"
            address = AddressResolver(f"{name}.")
            assert await address.async_request(device.zeroconf, 3000)
            assert address.parsed_addresses() == LOOPBACK
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    listed, change = await changes.get()
                    info = AsyncServiceInfo(KIND, listed)
                    if await info.async_request(device.zeroconf, 3000) and info.port == settings.port:
                        break
            assert (change, info.server) == (ServiceStateChange.Added, f"{name}.")
            assert listed.startswith("Darkroom on ")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await changes.get() != (listed, ServiceStateChange.Removed):
                pass
        await browser.async_cancel()
        await device.async_close()

    asyncio.run(walk())


def test_a_name_that_another_machine_has_is_left_to_it(tmp_path: Path) -> None:
    settings = gateway_settings(tmp_path, **NETWORK)

    async def walk() -> None:
        other = listening()
        name = f"{settings.announce_as}.local."
        theirs = AsyncServiceInfo(KIND, f"Other.{KIND}", port=80, parsed_addresses=["127.9.9.9"], server=name)
        await (await other.async_register_service(theirs))
        async with announced(Announcement(settings, look)) as found:
            assert found == "darkroom-under-test-2.local"
        await other.async_unregister_all_services()
        await other.async_close()

    asyncio.run(walk())


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([], id="no-network"),
        pytest.param(
            ["203.0.113.77"],
            id="an-address-that-is-not-ours",
            # zeroconf leaves the socket that it could not bind to the garbage collector
            marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
        ),
        pytest.param(["a-name.example"], id="a-name"),
    ],
)
def test_without_a_network_nothing_is_announced_and_nothing_breaks(tmp_path: Path, found: list[str]) -> None:
    looked = asyncio.Event()

    def look_in_vain(_: str) -> list[str]:
        looked.set()
        return found

    async def walk() -> None:
        announcement = Announcement(gateway_settings(tmp_path, **NETWORK), look_in_vain)
        running = asyncio.create_task(announcement.run())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await looked.wait()
        await asyncio.sleep(0.1)
        assert not running.done()
        assert announcement.name is None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await announcement.close()

    asyncio.run(walk())


@pytest.mark.parametrize(
    "given",
    [
        {"host": "127.0.0.1"},
        {"host": "0.0.0.0", "announce": False},
        {"host": "0.0.0.0", "public_url": "https://pictures.example"},
    ],
)
def test_nothing_is_told_that_nobody_should_know(tmp_path: Path, given: dict[str, Any]) -> None:
    settings = gateway_settings(tmp_path, **given)
    assert not settings.announces
    assert "darkroom.local" not in settings.hosts


@pytest.mark.parametrize("name", ["Dark", "dark room", "-dark", "dark.room", "d" * 61])
def test_a_name_that_no_network_takes_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="announce_as"):
        gateway_settings(tmp_path, announce_as=name)
