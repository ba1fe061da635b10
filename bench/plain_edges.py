"""A bare script: decodes the image in a file, finds edges, encodes; once for each line on its input.

It prints how many milliseconds each time took.
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np


def main() -> None:
    """Work until the input ends."""
    content = np.frombuffer(Path(sys.argv[1]).read_bytes(), np.uint8)
    for _ in sys.stdin:
        start = time.perf_counter()
        grey = cv2.cvtColor(np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2GRAY)
        cv2.imencode(".png", cv2.Canny(grey, 90, 180))[1].tobytes()
        print((time.perf_counter() - start) * 1000, flush=True)


if __name__ == "__main__":
    main()
