"""Pillow's many kinds of pixels become four: L, LA, RGB and RGBA, with 8 bits each."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from shared.imaging import profiles

_WHITE_IS_ZERO = 0  # TIFF 6.0, PhotometricInterpretation
_PHOTOMETRIC = 262
_BITS = 258
_PLAIN = {
    "1": "L", "P": "RGB", "PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB",
}  # fmt: skip
_WITH_ALPHA = {"P": "RGBA", "L": "LA", "1": "LA", "RGB": "RGBA"}


def plain(image: Image.Image) -> Image.Image:
    """`image` as L, LA, RGB, RGBA, or, where a profile must still be asked, CMYK or LAB."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_deep_grey(image))
    if image.has_transparency_data and image.mode in _WITH_ALPHA:
        if image.mode == "1":
            image = image.convert("L")
        return image.convert(_WITH_ALPHA[image.mode])
    return image.convert(_PLAIN[image.mode]) if image.mode in _PLAIN else image


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """An image made plain, with its colours in sRGB and its alpha as it was."""
    if image.mode not in ("LA", "RGBA"):
        return profiles.to_srgb(image, profile)
    alpha = image.getchannel("A")
    colours = profiles.to_srgb(image.convert(image.mode[:-1]), profile)
    colours.putalpha(alpha)
    return colours


def _deep_grey(image: Image.Image) -> NDArray[np.uint8]:
    """Grey of more than 8 bits: 16 bits keep their upper half, 32 bits and floats are stretched to 0..255.

    The deepest ones come from instruments, and no rule tells what white is in them.
    """
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        shift, inverted = _depth(image)
        grey: NDArray[np.uint8] = np.minimum(values >> shift, 255).astype(np.uint8)
        return np.invert(grey) if inverted else grey
    finite = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    low, high = float(finite.min()), float(finite.max())
    stretched: NDArray[np.uint8] = np.rint((finite - low) * _slope(low, high)).astype(np.uint8)
    return stretched


def _slope(low: float, high: float) -> float:
    return 255 / (high - low) if high > low else 0.0


def _depth(image: Image.Image) -> tuple[int, bool]:
    """How far to shift 16-bit values to get 8 bits, and whether 0 is white."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 8, False
    bits = image.tag_v2.get(_BITS, (16,))[0]
    return int(bits) - 8, image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
