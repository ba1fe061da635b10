"""Blocks of rows as bytes: how tags and versions stand in the database. Pure.

A block holds BLOCK rows. Its bits are T runs of BLOCK/8 bytes, tag by tag, the first row in the
highest bit of the first byte; its versions are little-endian uint32, one a row. The last block is
padded with rows that do not exist: false, version 0.
"""

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
