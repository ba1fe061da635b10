"""ICC profiles: pixels in another colour space become sRGB."""

import io
import struct
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")
_MODES = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK", b"Lab ": "LAB"}
_SAME = 2  # of 255: profiles that call themselves sRGB differ by rounding and by their black point
_MAX_PROFILE = 1 << 22  # bytes; those of printers have 0.5 to 3 MB
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """`image` (L, RGB, CMYK or LAB) as RGB or L in sRGB.

    A profile that is damaged, or is for other colours than the image's, is left out, as browsers do.
    """
    if profile and _colours(profile) == image.mode:
        transform = _transform(profile, image.mode)
        if transform is not None:
            return transform.apply(image)
    if image.mode == "LAB":
        return _lab().apply(image)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def changes(profile: bytes, mode: str) -> bool:
    """Whether `to_srgb` would do anything to an image of that mode, L or RGB; most profiles are sRGB."""
    return _colours(profile) == mode and _transform(profile, mode) is not None


def _colours(profile: bytes) -> str | None:
    """The Pillow mode whose pixels a profile describes (ICC.1:2022, 7.2.6)."""
    return _MODES.get(profile[16:20]) if len(profile) <= _MAX_PROFILE else None


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """A profile's transform to sRGB; None when it is damaged, or would change nothing."""
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            _SRGB,
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            _FLAGS,
        )
    except (ImageCms.PyCMSError, OSError, struct.error):
        return None
    return None if mode in ("L", "RGB") and _keeps(transform, mode) else transform


@lru_cache(maxsize=1)
def _lab() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _SRGB, "LAB", "RGB")


def _keeps(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform leaves a grid of colours as it is."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(27, 27, 3)
    before = Image.fromarray(colours).convert(mode)
    after = np.asarray(transform.apply(before), np.int16)
    return bool(np.abs(after - np.asarray(before.convert("RGB"), np.int16)).max() <= _SAME)
