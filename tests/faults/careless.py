"""Services that break their promise: `python -m tests.faults.careless imagestore`, or `processing`.

It answers before the bytes are written, and writes them in place. The tests that look for lost and
partial images have to find some behind it, or they prove nothing.
"""

import sys
import threading
import time
from pathlib import Path

from services.imagestore import app as imagestore
from services.imagestore.settings import ImageStoreSettings
from services.processing import app as processing
from services.processing.settings import ProcessingSettings
from shared import logging
from shared.blobs import LocalBlobs
from shared.web.serve import server_for

PIECE = 1000
LATE_SECONDS = 0.2


class CarelessBlobs(LocalBlobs):
    """Puts that return at once, and write later, piece by piece, under the final name."""

    def put(self, key: str, source: bytes | Path, *, durable: bool = True) -> None:
        """Nothing of what LocalBlobs promises."""
        data = source.read_bytes() if isinstance(source, Path) else source
        threading.Thread(target=self._write_later, args=(self.root / key, data), daemon=True).start()

    def _write_later(self, target: Path, data: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb", buffering=0) as file:
            for start in range(0, len(data), PIECE):
                file.write(data[start : start + PIECE])
                time.sleep(LATE_SECONDS * PIECE / len(data))


def main() -> None:
    """Serve, as shared.web.serve does."""
    settings = ImageStoreSettings() if sys.argv[1] == "imagestore" else ProcessingSettings()
    blobs = CarelessBlobs(settings.home / "blobs")
    if isinstance(settings, ImageStoreSettings):
        app = imagestore.create_app(settings, blobs)
    else:
        app = processing.create_app(settings, blobs)
    logging.configure(sys.argv[1], settings.log_level)
    server_for(app).run()


if __name__ == "__main__":
    main()
