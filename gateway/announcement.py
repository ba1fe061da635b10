"""Tells the local network by zeroconf that we are here, so that `darkroom.local` opens the page."""

import asyncio
import ipaddress
import socket
from contextlib import suppress

import zeroconf
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from gateway.reach import Look, own_addresses
from gateway.settings import GatewaySettings
from shared.logging import get_logger

KIND = "_http._tcp.local."
LOOK_SECONDS = 30.0  # between two looks at the machine's addresses: a laptop that changes its network
ASK_MILLISECONDS = 1000.0  # for another machine to say that it has the name
log = get_logger("announcement")


class Announcement:
    """Announces while `run` runs. A network that is not there is looked for again, and stops nothing."""

    def __init__(self, settings: GatewaySettings, look: Look = own_addresses) -> None:
        self._settings = settings
        self._look = look
        self._told: list[str] = []
        self._server: AsyncZeroconf | None = None
        self.name: str | None = None
        """The name that this machine answers to at the moment, such as darkroom.local."""

    async def run(self) -> None:
        """Announce, and again when the addresses have changed; for ever."""
        while True:
            if self._settings.announces:
                await self._keep_up()
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Withdraw what was announced."""
        server, self._server, self.name, self._told = self._server, None, None, []
        if server is not None:
            with suppress(OSError, zeroconf.Error, TimeoutError):  # the network has gone before us
                await server.async_unregister_all_services()
            await server.async_close()

    async def _keep_up(self) -> None:
        addresses = [one for one in self._look(self._settings.host) if _is_address(one)]
        if addresses == self._told:
            return
        await self.close()
        if not addresses:
            return
        try:
            await self._announce(addresses)
        except (OSError, zeroconf.Error) as error:
            log.warning("not announced on the network", reason=str(error) or type(error).__name__)
            await self.close()
            return
        self._told = addresses

    async def _announce(self, addresses: list[str]) -> None:
        version = zeroconf.IPVersion.V6Only if ":" in addresses[0] else zeroconf.IPVersion.V4Only
        self._server = AsyncZeroconf(interfaces=addresses, ip_version=version)
        await self._server.zeroconf.async_wait_for_start()
        name = await self._free_name(self._server.zeroconf, set(addresses))
        if name is None:
            raise OSError("every name that we may have is another machine's")
        info = AsyncServiceInfo(
            KIND,
            f"Darkroom on {socket.gethostname().partition('.')[0]}.{KIND}",
            port=self._settings.port,
            parsed_addresses=addresses,
            properties={"path": "/"},
            server=f"{name}.",
        )
        await (await self._server.async_register_service(info, allow_name_change=True))
        self.name = name
        log.info("announced on the network", name=name, port=self._settings.port, addresses=addresses)

    async def _free_name(self, server: zeroconf.Zeroconf, own: set[str]) -> str | None:
        """The first of our names that no other machine answers to; another Darkroom on this one may."""
        for name in self._settings.announced_names:
            other = zeroconf.AddressResolver(f"{name}.")  # type: ignore[attr-defined]  # not in its __all__
            answered = await other.async_request(server, ASK_MILLISECONDS)
            if not answered or set(other.parsed_addresses()) & own:
                return name
        return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
