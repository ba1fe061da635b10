"""`python -m bench.plain_pool FOLDER OPERATION...`: what a script does with a folder of images on all cores.

Each image is decoded, worked on and written beside it; the operations take turns. Prints the seconds, from
the start of the pool to the last file.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2 as opencv
import numpy as np

cv2: Any = opencv
KERNEL = np.ones((5, 5), np.uint8)
OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "edge_detection": lambda image: cv2.Canny(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 90, 180),
    "colour_inversion": cv2.bitwise_not,
    "erosion": lambda image: cv2.erode(image, KERNEL),
    "dilation": lambda image: cv2.dilate(image, KERNEL),
    "histogram_equalisation": lambda image: cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)),
    "denoise": lambda image: cv2.fastNlMeansDenoisingColored(image, None, 10, 10, 7, 21),
}


def work(task: tuple[str, str]) -> None:
    """One image."""
    path, operation = task
    image = OPERATIONS[operation](cv2.imread(path))
    cv2.imwrite(f"{path}.done.png", image)


def begin() -> None:
    """Once a process: the pool has one a core."""
    cv2.setNumThreads(1)


def main(folder: str, operations: list[str]) -> None:
    """Work on all images of the folder."""
    paths = sorted(str(path) for path in Path(folder).glob("*.in.png"))
    tasks = [(path, operations[number % len(operations)]) for number, path in enumerate(paths)]
    start = time.perf_counter()
    with ProcessPoolExecutor(initializer=begin) as pool:
        for _ in pool.map(work, tasks):
            pass
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
