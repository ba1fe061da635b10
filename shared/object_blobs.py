"""Blobs in any store that obstore speaks to: S3 and its like, or memory in tests."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import MemoryStore, ObjectStore, S3Store

from shared.blobs import CHUNK, BlobInfo, BlobMissing
from shared.errors import Unavailable


def open_objects(url: SplitResult, staging: Path) -> "StoredBlobs":
    """The store for a URL of the scheme memory or s3; see shared.blobs.open_blobs."""
    if url.scheme == "memory":
        return StoredBlobs(MemoryStore(), staging)
    return StoredBlobs(_s3_store(url.netloc, url.path, dict(parse_qsl(url.query))), staging)


def _s3_store(bucket: str, prefix: str, options: dict[str, str]) -> ObjectStore:
    config: dict[str, Any] = {"virtual_hosted_style_request": False}
    if "endpoint" in options:
        config["endpoint"] = options["endpoint"]
    if "region" in options:
        config["region"] = options["region"]
    plain = options.get("endpoint", "").startswith("http://")
    client = {"allow_http": plain, "timeout": "30s", "connect_timeout": "4s"}
    return S3Store(bucket, prefix=prefix.strip("/") or None, config=config, client_options=client)  # type: ignore[arg-type]


class StoredBlobs:
    """Any store that obstore speaks to: S3 and its like, or memory in tests."""

    def __init__(self, store: ObjectStore, staging: Path) -> None:
        self._store = store
        self.staging = staging
        self.staging.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, source: bytes | Path, *, durable: bool = True) -> None:  # noqa: ARG002 - S3 always is
        """See BlobStore."""
        with _as_ours():
            obstore.put(self._store, key, source)

    def put_new(self, key: str, source: bytes | Path) -> bool:
        """See BlobStore: one request for what is in memory (If-None-Match), and two for files."""
        if isinstance(source, Path):  # large: only without a condition it goes up in parts
            if self.stat(key) is not None:
                return False
            self.put(key, source)
            return True
        try:
            with _as_ours():
                obstore.put(self._store, key, source, mode="create")
        except _AlreadyThere:
            return False
        return True

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """See BlobStore."""
        return b"".join(self.chunks(key, start, end))

    def chunks(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See BlobStore."""
        if end is not None and end <= start:
            return
        wanted: Any = {"offset": start} if end is None else (start, end)
        whole = start == 0 and end is None
        with _as_ours():
            answer = obstore.get(self._store, key, options={} if whole else {"range": wanted})
            for chunk in answer.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def stat(self, key: str) -> BlobInfo | None:
        """See BlobStore."""
        try:
            with _as_ours():
                found = obstore.head(self._store, key)
        except BlobMissing:
            return None
        return BlobInfo(key, found["size"], found["last_modified"])

    def delete(self, key: str) -> None:
        """See BlobStore."""
        with contextlib.suppress(BlobMissing), _as_ours():
            obstore.delete(self._store, key)

    def scan(self, prefix: str) -> Iterator[BlobInfo]:
        """See BlobStore."""
        with _as_ours():
            for page in obstore.list(self._store, prefix):
                for found in page:
                    yield BlobInfo(found["path"], found["size"], found["last_modified"])

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - there is none
        """See BlobStore."""
        return None

    def check(self) -> None:
        """See BlobStore."""
        with _as_ours():
            obstore.list_with_delimiter(self._store, ".check")


class _AlreadyThere(Exception):
    """The store has something under the key."""


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise BlobMissing("the stored bytes are gone") from None
    except AlreadyExistsError:
        raise _AlreadyThere from None
    except BaseError as error:
        raise Unavailable("the blob store does not answer", code="blobs_unavailable") from error
