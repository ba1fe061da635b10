"""Shelf: the CSV files as they came, and where their tag cells are: what every save starts from."""

import mmap
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.tagging.csv_layout import Layout
from services.tagging.shelf_keys import layout_key, source_key
from shared.blobs import BlobStore


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it came, mapped into memory, and its layout."""

    data: mmap.mmap | bytes
    layout: Layout


def new_content_id() -> str:
    """An id that no other content has, in no replica."""
    return uuid.uuid4().hex


class Shelf:
    """Sources by content id, in the blob store. All calls block: use them in a thread."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def put_source(self, content_id: str, source: Path | bytes) -> None:
        """Keep the file as it came; durable when it returns."""
        self._blobs.put(source_key(content_id), source)

    def put_layout(self, content_id: str, layout: Layout) -> None:
        """Keep where its tag cells are."""
        self._blobs.put(layout_key(content_id), layout.to_bytes())

    def read_source(self, content_id: str) -> mmap.mmap | bytes:
        """The file as it came, mapped. Raises BlobMissing."""
        return self._map(source_key(content_id))

    def open(self, content_id: str) -> Source:
        """The file with its layout. Raises BlobMissing."""
        return Source(self.read_source(content_id), Layout.from_bytes(self._map(layout_key(content_id))))

    def remove(self, content_id: str) -> None:
        """Forget both."""
        self._blobs.delete(source_key(content_id))
        self._blobs.delete(layout_key(content_id))

    def stray(self, before: datetime) -> Iterator[str]:
        """Ids of sources that have stood here since before that moment."""
        for info in self._blobs.scan("sources"):
            if info.modified < before and info.key.endswith(".csv"):
                yield info.key.removeprefix("sources/").removesuffix(".csv")

    def _map(self, key: str) -> mmap.mmap | bytes:
        path = self._blobs.local_path(key)
        if path is None or not path.exists():
            return self._fetch(key)
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return b""
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def _fetch(self, key: str) -> mmap.mmap | bytes:
        """From a store elsewhere: by way of a file that has no name, so that memory stays free."""
        with tempfile.TemporaryFile(dir=self._blobs.staging) as file:
            for chunk in self._blobs.chunks(key):
                file.write(chunk)
            file.flush()
            if file.tell() == 0:
                return b""
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
