"""Blocks of rows as bytes: how tags and versions stand in the database. Pure.

A block holds BLOCK rows. Its bits are T runs of BLOCK/8 bytes, tag by tag, the first row in the
highest bit of the first byte; its versions are little-endian uint32, one a row. The last block is
padded with rows that do not exist: false, version 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLOCK = 1024
Bits = NDArray[np.bool_]  # shape (T, rows)
Versions = NDArray[np.uint32]  # shape (rows,)
VERSION = np.dtype("<u4")


def pack(values: Bits) -> bytes:
    """Bits (T, up to BLOCK) as T * BLOCK/8 bytes."""
    tags, rows = values.shape
    full = np.zeros((tags, BLOCK), np.bool_)
    full[:, :rows] = values
    return np.packbits(full, axis=1).tobytes()


def unpack(data: bytes, tags: int) -> Bits:
    """The bits (T, BLOCK) of a block; raises ValueError for bytes of another size."""
    packed = np.frombuffer(data, np.uint8).reshape(tags, BLOCK // 8)
    return np.unpackbits(packed, axis=1).view(np.bool_)


def pack_versions(versions: Versions) -> bytes:
    """Versions (up to BLOCK) as 4 * BLOCK bytes."""
    full = np.zeros(BLOCK, VERSION)
    full[: len(versions)] = versions
    return full.tobytes()


def unpack_versions(data: bytes) -> Versions:
    """The versions (BLOCK,) of a block, writable."""
    return np.frombuffer(data, VERSION).copy()


def block_count(rows: int) -> int:
    """How many blocks so many rows need."""
    return -(-rows // BLOCK)


class OneRow:
    """The tags and the version of one row, taken out of its block's bytes and put back."""

    def __init__(self, bits: bytes, versions: bytes, place: int) -> None:
        """`place` is the row's number within its block."""
        self._bits = bytearray(bits)
        self._versions = bytearray(versions)
        self._byte, self._mask = place >> 3, 0x80 >> (place & 7)
        self._at = place * VERSION.itemsize
        self.tags = [bool(each & self._mask) for each in self._bits[self._byte :: BLOCK // 8]]
        self.version: int = int.from_bytes(self._versions[self._at : self._at + VERSION.itemsize], "little")

    def change(self, tags: Sequence[bool]) -> list[int]:
        """Put these tags in; returns the columns that turned over. The version grows if any did."""
        turned = [tag for tag, (old, new) in enumerate(zip(self.tags, tags, strict=True)) if old != new]
        for tag in turned:
            self._bits[tag * (BLOCK // 8) + self._byte] ^= self._mask
        if turned:
            self.version += 1
            self._versions[self._at : self._at + VERSION.itemsize] = self.version.to_bytes(4, "little")
        self.tags = list(tags)
        return turned

    def packed(self) -> tuple[bytes, bytes]:
        """The block's bits and versions."""
        return bytes(self._bits), bytes(self._versions)
