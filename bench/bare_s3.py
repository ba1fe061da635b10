"""Uploads by obstore alone: `python -m bench.bare_s3 URL FILE THREADS SECONDS` tells how many a second."""

import sys
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import obstore
from obstore.store import S3Store


def uploads_per_second(store: Any, content: bytes, threads: int, seconds: float) -> float:
    """How many objects, no two the same, that many threads put."""
    numbers = count()
    put: list[int] = []
    begin = time.perf_counter()

    def work() -> None:
        mine = 0
        while time.perf_counter() < begin + seconds:
            number = next(numbers)
            obstore.put(store, f"{number % 256:02x}/{number}.jpg", content + str(number).encode())
            mine += 1
        put.append(mine)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(put) / (time.perf_counter() - begin)


def main() -> None:
    """Arguments: an s3:// URL as in DARKROOM_BLOBS_URL, a file with the content, threads, seconds."""
    url, content, threads, seconds = sys.argv[1:]
    parts = urlsplit(url)
    config: Any = dict(parse_qsl(parts.query)) | {"virtual_hosted_style_request": False}
    store = S3Store(
        parts.netloc,
        prefix=f"{parts.path.strip('/')}/{uuid4().hex}",
        config=config,
        client_options={"allow_http": True},
    )
    print(uploads_per_second(store, Path(content).read_bytes(), int(threads), float(seconds)))


if __name__ == "__main__":
    main()
