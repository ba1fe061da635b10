"""What the store has promised: attempts and successes written down, and compared with what is there."""

from collections import defaultdict
from hashlib import sha256
from threading import Lock
from typing import Any

import httpx2


class Ledger:
    """For each name the contents sent to it, in order, and the last of them that was acknowledged."""

    def __init__(self) -> None:
        self._sent: dict[str, list[str]] = defaultdict(list)
        self._last_acknowledged: dict[str, int] = {}
        self._lock = Lock()
        self.acknowledged = 0

    def sending(self, name: str, data: bytes) -> None:
        """An upload is about to begin: from now on the name may hold this content."""
        with self._lock:
            self._sent[name].append(sha256(data).hexdigest())

    def stored(self, name: str) -> None:
        """The last upload of this name was answered with success: it must never be older than this again."""
        with self._lock:
            self._last_acknowledged[name] = len(self._sent[name]) - 1
            self.acknowledged += 1

    def names_acknowledged(self) -> int:
        """How many names were acknowledged at least once."""
        return len(self._last_acknowledged)

    def allowed(self, name: str) -> list[str]:
        """Digests that the name may hold: the last one acknowledged, and those that were under way after."""
        return self._sent[name][self._last_acknowledged.get(name, 0) :]

    def check(self, images: httpx2.Client) -> None:
        """Compare with the store behind the client. Raises AssertionError with all that is wrong."""
        listed = {one["name"]: one for one in list_all(images)}
        wrong = [f"{name} was acknowledged and is gone" for name in self._last_acknowledged.keys() - listed]
        wrong += [f"{name} was never sent" for name in listed.keys() - self._sent.keys()]
        for name, told in listed.items():
            wrong += self._faults(images, name, told)
        assert not wrong, f"{len(wrong)} broken promises: {wrong[:10]}"

    def _faults(self, images: httpx2.Client, name: str, told: dict[str, Any]) -> list[str]:
        try:
            answer = images.get(f"/v1/images/{name}/content")
        except httpx2.TransportError as error:
            return [f"{name} is listed and cannot be read to its end: {error}"]
        if answer.status_code != 200:
            return [f"{name} is listed and cannot be read: {answer.status_code}"]
        found = sha256(answer.content).hexdigest()
        if told["digest"] != f"sha256:{found}" or told["size"] != len(answer.content):
            return [f"{name} does not hold what the list says: partial or mixed"]
        if found not in self.allowed(name):
            return [f"{name} holds what is older than its last acknowledged content, or was never sent"]
        return []


def list_all(images: httpx2.Client) -> list[dict[str, Any]]:
    """Every image of the store, page by page."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"sort": "name", "limit": 200}
    while True:
        page = images.get("/v1/images", params=query).raise_for_status().json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]
