"""Images for tests: real photographs from scikit-image's wheel, and files built byte by byte."""

import io
import struct
import zlib
from functools import cache

import numpy as np
from PIL import ExifTags, Image
from skimage import data

# Columns of Display P3 to XYZ, adapted to D50 (ICC's registry entry for Display P3)
_P3_COLUMNS = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
CYAN_IN_LAB = (60.0, 50.0, 40.0)
"""What `cmyk_profile` says of full cyan: a red, so that a conversion without the profile is noticed."""


@cache
def photo(name: str = "coffee") -> Image.Image:
    """A photograph: coffee 600x400, astronaut 512x512, chelsea 451x300, rocket 640x427."""
    return Image.fromarray(getattr(data, name)())


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file of Pillow's format `kind`."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    """A file as Pillow reads it, loaded."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def exif(
    orientation: int = 1, taken: str | None = None, offset: str | None = None, *, gps: bool = False
) -> bytes:
    """An EXIF block as a camera writes it."""
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = orientation
    block[ExifTags.Base.Make] = "Secret Camera Company"
    if taken is not None:
        block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    if offset is not None:
        block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] = offset
    if gps:
        block.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 8.0, 13.0)
    return block.tobytes()


def corners(width: int = 160, height: int = 96) -> Image.Image:
    """Four flat quarters: red, green above blue, white; every orientation looks different."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    pixels[height // 2 :, width // 2 :] = (255, 255, 255)
    return Image.fromarray(pixels)


def corner_colours(image: Image.Image) -> str:
    """The quarters of `corners` as letters: top left, top right, bottom left, bottom right."""
    width, height = image.size
    names = {(255, 0, 0): "r", (0, 255, 0): "g", (0, 0, 255): "b", (255, 255, 255): "w"}
    seen = ""
    for y, x in ((1, 1), (1, 3), (3, 1), (3, 3)):
        red, green, blue = (255 * (value > 128) for value in pixel(image, x * width // 4, y * height // 4))
        seen += names[red, green, blue]
    return seen


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Red, green and blue at a place."""
    return tuple(int(value) for value in np.asarray(image.convert("RGB"))[y, x])


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Peak signal to noise ratio of two images of one size, in dB."""
    difference = np.asarray(one.convert("RGB"), float) - np.asarray(other.convert("RGB"), float)
    return float(10 * np.log10(255**2 / max(np.mean(difference**2), 1e-9)))


def p3_profile() -> bytes:
    """Display P3 as an ICC profile with a matrix and curves."""
    tags = {
        name: b"XYZ \0\0\0\0" + _fixed(*column)
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), _P3_COLUMNS, strict=True)
    }
    curve = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + _fixed(*_SRGB_CURVE)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def cmyk_profile() -> bytes:
    """A printer that prints full cyan as CYAN_IN_LAB, all other inks as black, and none as white."""
    table = bytearray()
    for inks in range(16):
        table += _lab8(*((100, 0, 0) if inks == 0 else CYAN_IN_LAB if inks == 8 else (0, 0, 0)))
    straight = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut + straight * 4 + bytes(table) + straight * 3})


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes, bits: int = 8, colour: int = 2) -> bytes:
    """A PNG's signature and header, and the chunks given."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(chunks)


def black_png(side: int) -> bytes:
    """A whole, valid, black PNG of one bit a pixel: 30,000 a side are about 110 KB."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png(side, side, png_chunk(b"IDAT", packed), png_chunk(b"IEND", b""), bits=1, colour=0)


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """A little-endian TIFF of one directory with (tag, type, count, value) entries, and no pixels."""
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)


def _profile(kind: bytes, colours: bytes, space: bytes, tags: dict[bytes, bytes]) -> bytes:
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4s4s4s4s4s", offset + len(body), bytes(4), b"\x02\x40\0\0", kind, colours, space)
    head = head + bytes(12) + b"acsp" + bytes(28) + _fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + table + body


def _fixed(*numbers: float) -> bytes:
    """s15Fixed16Number (ICC.1:2022, 4.6)."""
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _lab8(lightness: float, a: float, b: float) -> bytes:
    return bytes([round(lightness * 2.55), round(a + 128), round(b + 128)])
