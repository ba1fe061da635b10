"""The tagging service's typed client."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx2
from pydantic import TypeAdapter

from shared.clients.base import M, ServiceClient
from shared.contracts.jobs import JobView
from shared.contracts.pages import Page
from shared.contracts.tagging import (
    Autosave,
    Changed,
    Clip,
    Dataset,
    DatasetChange,
    HistoryEntry,
    Labelled,
    NewDataset,
    Picture,
    Row,
    Save,
    Saved,
)

PAGE = 1000
_PICTURES = TypeAdapter(list[Picture])


class TaggingClient(ServiceClient):
    """Calls of the tagging service. All raise ProblemAnswer for refusals, and httpx2.TransportError."""

    async def open(self, wanted: NewDataset) -> Dataset:
        """A dataset from files below the roots, or from a search in the image store.

        Where its file is large it is still being imported: `job` says by which job.
        """
        return await self._post(Dataset, "/v1/datasets", wanted.model_dump(mode="json", exclude_unset=True))

    async def upload(
        self, data: tuple[str, bytes], meta: tuple[str, bytes] | None = None, **fields: str
    ) -> Dataset:
        """A dataset from a CSV (name, content), and one with the names of its tags."""
        files = {"data": data, **({"meta": meta} if meta is not None else {})}
        answer = await self.request("POST", "/v1/datasets", files=files, data=fields)
        return Dataset.model_validate_json(answer.content)

    async def datasets(self) -> AsyncIterator[Dataset]:
        """Every dataset, newest first."""
        async for each in self._all(Page[Dataset], "/v1/datasets"):
            yield each

    async def dataset(self, dataset_id: int) -> Dataset:
        """One dataset, with its counts."""
        return await self.get(Dataset, f"/v1/datasets/{dataset_id}")

    async def change(self, dataset_id: int, wanted: DatasetChange) -> Dataset:
        """Rename it, or change keys, selection or autosave."""
        body = wanted.model_dump(mode="json", exclude_unset=True)
        answer = await self.request("PATCH", f"/v1/datasets/{dataset_id}", json=body)
        return Dataset.model_validate_json(answer.content)

    async def autosave(self, dataset_id: int, wanted: Autosave) -> Dataset:
        """Let it save by itself."""
        return await self.change(dataset_id, DatasetChange(autosave=wanted))

    async def delete(self, dataset_id: int) -> None:
        """Forget it; its CSV stays."""
        await self.request("DELETE", f"/v1/datasets/{dataset_id}")

    async def job(self, job_id: int) -> JobView:
        """An import."""
        return await self.get(JobView, f"/v1/jobs/{job_id}")

    async def rows(self, dataset_id: int, **filters: Any) -> AsyncIterator[Row]:
        """Every row that fits: tag, not_tag, untagged, clip, camera, q."""
        async for each in self._all(Page[Row], f"/v1/datasets/{dataset_id}/rows", **filters):
            yield each

    async def row(self, dataset_id: int, index: int) -> Row:
        """One row."""
        return await self.get(Row, f"/v1/datasets/{dataset_id}/rows/{index}")

    async def clips(self, dataset_id: int) -> AsyncIterator[Clip]:
        """Every clip, in order."""
        async for each in self._all(Page[Clip], f"/v1/datasets/{dataset_id}/clips"):
            yield each

    async def tag(
        self, dataset_id: int, index: int, tags: Mapping[str, bool], *, version: int | None = None
    ) -> Labelled:
        """Set tags of one row, if it still has that version where one is given."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        url = f"/v1/datasets/{dataset_id}/rows/{index}/tags"
        answer = await self.request("PATCH", url, json={"set": dict(tags)}, headers=headers)
        return Labelled.model_validate_json(answer.content)

    async def tag_range(self, dataset_id: int, first: int, last: int, tags: Mapping[str, bool]) -> Changed:
        """Set tags of the rows from first to last, both included."""
        body = {"rows": {"range": [first, last]}, "set": dict(tags)}
        return await self._post(Changed, f"/v1/datasets/{dataset_id}/tag", body)

    async def tag_rows(self, dataset_id: int, indices: Sequence[int], tags: Mapping[str, bool]) -> Changed:
        """Set tags of the rows listed."""
        body = {"rows": {"indices": list(indices)}, "set": dict(tags)}
        return await self._post(Changed, f"/v1/datasets/{dataset_id}/tag", body)

    async def undo(self, dataset_id: int) -> Changed:
        """Undo the caller's newest change."""
        return await self._post(Changed, f"/v1/datasets/{dataset_id}/undo", None)

    async def redo(self, dataset_id: int) -> Changed:
        """Do again what the caller undid last."""
        return await self._post(Changed, f"/v1/datasets/{dataset_id}/redo", None)

    async def history(self, dataset_id: int) -> AsyncIterator[HistoryEntry]:
        """Every change, newest first."""
        async for each in self._all(Page[HistoryEntry], f"/v1/datasets/{dataset_id}/history"):
            yield each

    async def save(self, dataset_id: int, wanted: Save | None = None) -> Saved:
        """Write the CSV: when this returns the file holds every change made before."""
        body = None if wanted is None else wanted.model_dump(mode="json", exclude_unset=True)
        return await self._post(Saved, f"/v1/datasets/{dataset_id}/save", body)

    async def export(self, dataset_id: int, *, columns: str = "all") -> bytes:
        """The CSV: `all`, or the columns of the `tags` alone in the order of the indexes."""
        url = f"/v1/datasets/{dataset_id}/export.csv?columns={quote(columns)}"
        return (await self.request("GET", url)).content

    async def image(self, dataset_id: int, index: int) -> bytes:
        """The image of a row as it is on disk."""
        return (await self.request("GET", f"/v1/datasets/{dataset_id}/rows/{index}/image")).content

    async def images(self, dataset_id: int, rows: Sequence[int]) -> list[tuple[Picture, memoryview]]:
        """The images of the first of the rows (at most 64), as many as one answer holds, with their bytes.

        Raises httpx2.RemoteProtocolError for an answer that does not hold what it says.
        """
        wanted = ",".join(map(str, rows))
        content = (await self.request("GET", f"/v1/datasets/{dataset_id}/images?rows={wanted}")).content
        at = content.find(b"\n") + 1
        heads = _PICTURES.validate_json(content[:at])
        whole = memoryview(content)
        found = []
        for head in heads:
            found.append((head, whole[at : at + head.size]))
            at += head.size
        if at != len(content) or not heads or [head.row for head in heads] != list(rows[: len(heads)]):
            raise httpx2.RemoteProtocolError("the images are not those that were asked for")
        return found

    async def _post(self, kind: type[M], url: str, body: object) -> M:
        options = {} if body is None else {"json": body}
        answer = await self.request("POST", url, **options)
        return kind.model_validate_json(answer.content)

    async def _all(self, kind: type[Page[Any]], url: str, **query: Any) -> AsyncIterator[Any]:
        cursor: str | None = ""
        while cursor is not None:
            params = {**query, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
            page = await self.get(kind, url, params=params)
            for item in page.items:
                yield item
            cursor = page.next_cursor
