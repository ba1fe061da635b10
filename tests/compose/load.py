"""A load of uploads, labels and jobs: takes refusals as people do, tries again, and remembers promises."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import httpx2

from tests.compose.patience import wait_until
from tests.compose.stack import ComposeStack
from tests.faults.labels import CODES, LabelLedger, rows_of
from tests.faults.ledger import Ledger
from tests.faults.uploads import Jpegs
from tests.processing import ENDED, noise
from tests.services.tagging.service import table

ROWS = 400
WRITERS = 2
JOB_IMAGES = 4
PAUSE_SECONDS = 0.05
Step = Callable[[httpx2.Client, random.Random, int], bool]


class Load:
    """Writers of each kind until it is left; `check` compares with what there is then."""

    def __init__(self, stack: ComposeStack, name: str) -> None:
        self._stack, self._name = stack, name
        self.images, self.labels = Ledger(), LabelLedger()
        self.jobs: list[int] = []
        self._over = threading.Event()
        with stack.client() as client:
            made = client.post("/api/tagging/v1/datasets", files={"data": ("l.csv", table(ROWS).encode())})
        assert made.status_code == 201, made.text
        self._dataset = int(made.json()["id"])
        works: list[tuple[Step, int]] = [(self._submit, 0)]
        works += [(step, n) for n in range(WRITERS) for step in (self._upload, self._label)]
        self._threads = [threading.Thread(target=self._work, args=work) for work in works]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def counts(self) -> tuple[int, int, int]:
        """How many uploads, labels and jobs have been acknowledged."""
        return self.images.acknowledged, self.labels.acknowledged, len(self.jobs)

    def wait_for_more(self, more: tuple[int, int, int] = (3, 10, 1)) -> None:
        """Wait until all three kinds of work are acknowledged again, so many of each."""
        before = self.counts()
        wait_until(
            lambda: all(now >= then + by for now, then, by in zip(self.counts(), before, more, strict=True)),
            lambda: f"{before} became {self.counts()}\n{self._stack.troubles()}",
        )

    def check(self) -> None:
        """Nothing acknowledged is lost, older, mixed or done twice. Raises AssertionError."""
        with self._stack.client() as client:
            for job in self.jobs:
                self._check_job(client, job)
            client.base_url = f"{self._stack.gateway_url}/api/tagging"
            self.labels.check_rows(rows_of(client, self._dataset))
        with self._images_of_ours() as client:
            self.images.check(client)

    def _check_job(self, client: httpx2.Client, job: int) -> None:
        path = f"/api/processing/v1/jobs/{job}"
        wait_until(lambda: client.get(path).json().get("state") in ENDED, self._stack.troubles)
        ended = client.get(path).json()
        assert ended["state"] == "finished", ended
        assert ended["progress"] == {"total": JOB_IMAGES, "done": JOB_IMAGES, "failed": 0}, ended

    @contextmanager
    def _images_of_ours(self) -> Iterator[httpx2.Client]:
        """The image store as far as this load has written there."""
        with self._stack.images() as client:
            client.event_hooks["request"] = [self._only_ours]
            yield client

    def _only_ours(self, request: httpx2.Request) -> None:
        if request.url.path.endswith("/v1/images"):
            request.url = request.url.copy_merge_params({"prefix": f"{self._name}-"})

    def _work(self, step: Step, writer: int) -> None:
        chance = random.Random(f"{self._name} {writer}")
        while not self._over.is_set():
            with self._stack.client() as client:  # a new one after each failure: the address may be another
                try:
                    while not self._over.is_set() and step(client, chance, writer):
                        pass
                except httpx2.TransportError:
                    pass
            self._over.wait(PAUSE_SECONDS)

    def _upload(self, client: httpx2.Client, chance: random.Random, writer: int) -> bool:
        name = f"{self._name}-{writer}-{chance.randrange(1000)}.jpg"
        data = Jpegs(chance.randrange(10**9)).make(chance.choice([3_000, 20_000, 60_000]))
        self.images.sending(name, data)
        if client.put(f"/api/imagestore/v1/images/{name}", content=data).status_code not in {200, 201}:
            return False
        self.images.stored(name)
        return True

    def _label(self, client: httpx2.Client, chance: random.Random, writer: int) -> bool:
        row = chance.randrange(ROWS // WRITERS) * WRITERS + writer  # rows of one writer have an order
        tags = tuple(chance.random() < 0.5 for _ in CODES)
        self.labels.sending(row, tags)
        path = f"/api/tagging/v1/datasets/{self._dataset}/rows/{row}/tags"
        change = {"set": dict(zip(CODES, tags, strict=True))}
        if client.patch(path, json=change).status_code != 200:
            return False
        self.labels.done(row)
        return True

    def _submit(self, client: httpx2.Client, chance: random.Random, writer: int) -> bool:
        files = [("images", (f"{n}.png", noise(chance.randrange(10**6)))) for n in range(JOB_IMAGES)]
        form = {"pipeline": '[{"operation": "grey"}]'}
        answer = client.post("/api/processing/v1/jobs", files=files, data=form)
        if answer.status_code != 202:
            return False
        self.jobs.append(int(answer.json()["id"]))
        self._over.wait(1.0)  # a job a second is enough
        return True
