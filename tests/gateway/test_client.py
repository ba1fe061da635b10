"""The typed client against a gateway that runs."""

import asyncio

import pytest

from shared.clients.base import ProblemAnswer
from shared.clients.gateway import GatewayClient
from tests.gateway.serving import GatewayTo


def test_the_client_makes_lists_and_revokes_keys(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")

    async def use() -> None:
        async with GatewayClient(gateway.url, key=key) as client:
            made = await client.add_key("robot", ["read"])
            assert made.key.startswith("dk_")
            assert [(one.id, one.name, one.scopes) for one in await client.keys()] == [
                (1, "admin", ["read", "write", "admin"]),
                (made.id, "robot", ["read"]),
            ]
            async with GatewayClient(gateway.url, key=made.key) as robot:
                assert (await robot.who()).name == "robot"
                with pytest.raises(ProblemAnswer, match="403 scope_required"):
                    await robot.keys()
                await client.revoke_key(made.id)
                with pytest.raises(ProblemAnswer, match="401 invalid_key"):
                    await robot.who()
            with pytest.raises(ProblemAnswer, match="409 last_admin_key"):
                await client.revoke_key(1)

    asyncio.run(use())
