"""A load of labels and saves on a tagging service of its own, and what it has promised."""

import random
import threading
from pathlib import Path
from typing import Any, Self

import httpx2

from demo.ports import free_port
from tests.scripts.stack_process import wait_until
from tests.services.tagging.service import table
from tests.stack import TIMEOUT, Launched, answers, bare_environment

ROWS = 2000
CODES = ("100", "101", "102")
CONNECTIONS = 4
TOKEN = "a-token-for-tests"


class TaggingProcess(Launched):
    """One tagging service by itself, ready when it is made; its CSV is `roots`/trip.csv."""

    def __init__(self, folder: Path, *, command: list[str] | None = None, **given: str) -> None:
        self.data_dir = folder / "data"
        self.csv = folder / "roots/trip.csv"
        self.csv.parent.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "DARKROOM_DATA_DIR": str(self.data_dir),
            "DARKROOM_TAGGING_PORT": str(port),
            "DARKROOM_TAGGING_ROOTS": str(self.csv.parent),
            "DARKROOM_SERVICE_TOKEN": TOKEN,
            "DARKROOM_ACCESS_LOG": "false",
        }
        start = command or ["-m", "shared.web.serve", "tagging"]
        super().__init__(start, bare_environment(**settings | given), folder / "tagging.out")
        wait_until(lambda: answers(f"{self.url}/readyz") or self.process.poll() is not None, self.said)
        assert self.process.poll() is None, self.said()

    def client(self, actor: str = "ada") -> httpx2.Client:
        """A client of the service, as the gateway would call it."""
        headers = {"X-Darkroom-Service-Token": TOKEN, "X-Darkroom-Actor": actor}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=TIMEOUT, trust_env=False)

    def import_csv(self, rows: int = ROWS, **given: Any) -> int:
        """The id of a dataset that is saved to the CSV itself."""
        self.csv.write_text(table(rows), newline="")
        body = {"data_path": str(self.csv), "save_to": "same_file", **given}
        with self.client() as client:
            answer = client.post("/v1/datasets", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LabelLedger:
    """For each row the tags sent to it, in order, and which of them were answered, and were saved."""

    def __init__(self) -> None:
        self.sent: dict[int, list[tuple[bool, ...]]] = {}
        self.labelled: dict[int, int] = {}
        self.saved: dict[int, int] = {}
        self.acknowledged = 0
        self.saves = 0
        self._lock = threading.Lock()

    def sending(self, row: int, tags: tuple[bool, ...]) -> None:
        """From now on the row may have these tags."""
        with self._lock:
            self.sent.setdefault(row, []).append(tags)

    def done(self, row: int) -> None:
        """The last label of the row was answered with success: never anything older again."""
        with self._lock:
            self.labelled[row] = len(self.sent[row]) - 1
            self.acknowledged += 1

    def to_be_saved(self) -> dict[int, int]:
        """What a save that begins now has to bring to the disk."""
        with self._lock:
            return dict(self.labelled)

    def save_done(self, promised: dict[int, int]) -> None:
        """A save was answered with success: the file holds all of this, or what came later."""
        with self._lock:
            for row, place in promised.items():
                self.saved[row] = max(self.saved.get(row, -1), place)
            self.saves += 1

    def check_rows(self, found: dict[int, tuple[bool, ...]]) -> None:
        """Compare with the service's rows. Raises AssertionError with all that is wrong."""
        self._check(found, self.labelled, "row")

    def check_csv(self, csv: Path) -> None:
        """Compare with the file. Raises AssertionError with all that is wrong."""
        lines = csv.read_bytes().decode().split("\r\n")
        assert len(lines) == ROWS + 2, "broken promises: the CSV is not whole"
        blank = table(ROWS).split("\r\n")
        found = {}
        for row in range(ROWS):
            cells, before = lines[row + 1].split(",", 5), blank[row + 1].split(",", 5)
            assert cells[:2] + cells[5:] == before[:2] + before[5:], f"broken promises: line {row + 1}"
            found[row] = tuple(cell == "True" for cell in cells[2:5])
        self._check(found, self.saved, "line")

    def _check(self, found: dict[int, tuple[bool, ...]], promised: dict[int, int], what: str) -> None:
        wrong = []
        for row, tags in found.items():
            history = [(False, False, False), *self.sent.get(row, [])]
            allowed = history[promised.get(row, -1) + 1 :]
            if tags not in allowed:
                wrong.append(f"{what} {row} has {tags}, which is none of {allowed}")
        assert not wrong, f"{len(wrong)} broken promises: {wrong[:5]}"


class Labelling:
    """Labels and saves until told to stop, or until a call gets no success."""

    def __init__(self, service: TaggingProcess, dataset: int, ledger: LabelLedger, seed: int) -> None:
        self._service, self._dataset, self._ledger, self._seed = service, dataset, ledger, seed
        self._over = threading.Event()
        self.refusals: list[str] = []
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, acknowledged: int) -> None:
        """Wait until so many labels were acknowledged in all."""
        wait_until(
            lambda: self._ledger.acknowledged >= acknowledged or not any(t.is_alive() for t in self._threads),
            lambda: f"{self._ledger.acknowledged} of {acknowledged}",
        )

    def join(self) -> None:
        """End, and wait for all connections."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _work(self, connection: int) -> None:
        chance = random.Random(self._seed * 100 + connection)
        with self._service.client(f"writer-{connection}") as client:
            try:
                while not self._over.is_set():
                    if not self._label(client, chance, connection):
                        return
                    if chance.random() < 0.2 and not self._save(client):
                        return
            except httpx2.TransportError:
                return

    def _label(self, client: httpx2.Client, chance: random.Random, connection: int) -> bool:
        row = (
            chance.randrange(ROWS // CONNECTIONS) * CONNECTIONS + connection
        )  # rows of our own have an order
        tags = tuple(chance.random() < 0.5 for _ in CODES)
        self._ledger.sending(row, tags)
        change = {"set": dict(zip(CODES, tags, strict=True))}
        answer = client.patch(f"/v1/datasets/{self._dataset}/rows/{row}/tags", json=change)
        if answer.status_code != 200:
            self.refusals.append(answer.text)
            return False
        self._ledger.done(row)
        return True

    def _save(self, client: httpx2.Client) -> bool:
        promised = self._ledger.to_be_saved()
        answer = client.post(f"/v1/datasets/{self._dataset}/save")
        if answer.status_code != 200:
            self.refusals.append(answer.text)
            return False
        self._ledger.save_done(promised)
        return True


def rows_of(client: httpx2.Client, dataset: int) -> dict[int, tuple[bool, ...]]:
    """The tags of every row."""
    found: dict[int, tuple[bool, ...]] = {}
    query: dict[str, Any] = {"limit": 1000}
    while True:
        page = client.get(f"/v1/datasets/{dataset}/rows", params=query).raise_for_status().json()
        for row in page["items"]:
            found[row["index"]] = tuple(row["tags"].values())
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]
