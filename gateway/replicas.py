"""Replicas: a service that listens at several addresses has one name here, which stands for all of them."""

import asyncio
import socket
from collections.abc import Iterable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.settings import Upstream


class ReplicaResolver(AbstractResolver):
    """Resolves the names of services with several addresses to these; every other name as usual.

    aiohttp begins each new connection at the next of a name's addresses, and goes on to those that
    follow where one refuses, or says nothing for a quarter of a second. It does the same with a name
    that has several addresses in DNS.
    """

    def __init__(self, upstreams: Iterable[Upstream]) -> None:
        self._replicas = {each.host: each.replicas for each in upstreams if each.replicas}
        self._plain = aiohttp.DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of the name. Raises OSError when none of them is known."""
        replicas = self._replicas.get(host)
        if replicas is None:
            return await self._plain.resolve(host, port, family)
        found = await asyncio.gather(
            *(self._plain.resolve(name, own_port, family) for name, own_port in replicas),
            return_exceptions=True,
        )
        addresses = [address for each in found if not isinstance(each, BaseException) for address in each]
        if not addresses:
            raise OSError(f"no address of {host} is known")
        return addresses

    async def close(self) -> None:
        """Let go of the usual resolver."""
        await self._plain.close()
