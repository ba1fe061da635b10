"""The gateway's own calls: keys, and who one is."""

from collections.abc import Collection
from datetime import datetime

from shared.clients.base import ServiceClient
from shared.contracts.keys import Key, MadeKey, NewKey, Scope, Session
from shared.contracts.pages import Page


class GatewayClient(ServiceClient):
    """With an admin key for all but `who`. Raises ProblemAnswer for refusals."""

    async def keys(self) -> list[Key]:
        """The keys that are good."""
        return (await self.get(Page[Key], "/v1/keys")).items

    async def add_key(self, name: str, scopes: Collection[Scope], expires: datetime | None = None) -> MadeKey:
        """Make a key; its secret is in the answer, and nowhere else."""
        new = NewKey(name=name, scopes=list(scopes), expires=expires)
        answer = await self.request("POST", "/v1/keys", json=new.model_dump(mode="json"))
        return MadeKey.model_validate_json(answer.content)

    async def revoke_key(self, key_id: int) -> None:
        """End a key and its sessions."""
        await self.request("DELETE", f"/v1/keys/{key_id}")

    async def who(self) -> Session:
        """Whom the key stands for."""
        return await self.get(Session, "/v1/session")
