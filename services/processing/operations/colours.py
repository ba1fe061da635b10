"""Colours and brightness, pixel by pixel."""

from typing import Annotated

import numpy as np
from pydantic import Field

from services.processing.operation import Parameters, operation
from services.processing.picture import Bytes, Picture, Takes, as_bytes, like, top
from shared.imaging.opencv import cv2


class Inversion(Parameters):
    """There is nothing to choose."""


class Grey(Parameters):
    """There is nothing to choose."""


class BrightnessContrast(Parameters):
    """Each value becomes `(value - middle) * contrast + middle + brightness`."""

    brightness: float = Field(0, ge=-1, le=1, description="added; 1 is the whole range from black to white")
    contrast: float = Field(1, ge=0, le=10, description="factor on the distance from middle grey")


class Gamma(Parameters):
    """Each value becomes `value ** (1 / gamma)`, from 0 to 1."""

    gamma: float = Field(
        1.5, ge=0.05, le=20, description="above 1 brightens the shadows, below 1 darkens them"
    )


class Equalisation(Parameters):
    """There is nothing to choose."""


class Clahe(Parameters):
    """Contrast-limited adaptive histogram equalisation."""

    clip_limit: float = Field(
        2, ge=0, le=100, description="of the histogram's bins, times their mean; 0 for none"
    )
    tiles: Annotated[int, Field(ge=1, le=64)] = Field(
        8, description="across and down, each equalised by itself"
    )


class WhiteBalance(Parameters):
    """By the grey world: a photograph's mean is taken for grey."""

    strength: float = Field(1, ge=0, le=1, description="0 changes nothing, 1 makes the mean grey")


@operation("colour_inversion", title="Colour inversion", takes=Takes.BGR)
def colour_inversion(picture: Bytes, _parameters: Inversion) -> Bytes:
    """The negative: every bit turned."""
    return np.asarray(cv2.bitwise_not(picture), np.uint8)


@operation("histogram_equalisation", title="Histogram equalisation", takes=Takes.GREY)
def histogram_equalisation(grey: Bytes, _parameters: Equalisation) -> Bytes:
    """Grey, spread over the whole range of brightness."""
    return np.asarray(cv2.equalizeHist(grey), np.uint8)


@operation("grey", title="Grey", takes=Takes.ANYTHING)
def grey(picture: Picture, _parameters: Grey) -> Picture:
    """Without colours (weights of ITU-R BT.601). Alpha and 16 bits stay as they are."""
    if picture.ndim == 2:
        return picture.copy()
    mono = cv2.cvtColor(np.ascontiguousarray(picture[:, :, :3]), cv2.COLOR_BGR2GRAY)
    if picture.shape[2] == 3:
        return like(picture, mono)
    return like(picture, np.dstack([mono, mono, mono, picture[:, :, 3]]))


@operation("brightness_contrast", title="Brightness and contrast", takes=Takes.COLOURS)
def brightness_contrast(picture: Picture, parameters: BrightnessContrast) -> Picture:
    """Brighter or darker, and with more or less contrast around middle grey."""
    values = np.arange(top(picture) + 1, dtype=np.float64)
    middle = top(picture) / 2
    return _mapped(
        picture, (values - middle) * parameters.contrast + middle + parameters.brightness * top(picture)
    )


@operation("gamma", title="Gamma", takes=Takes.COLOURS)
def gamma(picture: Picture, parameters: Gamma) -> Picture:
    """A curve that lifts or lowers the middle and leaves black and white."""
    values = np.arange(top(picture) + 1, dtype=np.float64) / top(picture)
    return _mapped(picture, values ** (1 / parameters.gamma) * top(picture))


@operation("clahe", title="CLAHE", takes=Takes.COLOURS)
def clahe(picture: Picture, parameters: Clahe) -> Picture:
    """Local contrast, tile by tile; of colours their lightness (CIELAB), at 8 bits."""
    equaliser = cv2.createCLAHE(parameters.clip_limit, (parameters.tiles, parameters.tiles))
    if picture.ndim == 2:
        return like(picture, equaliser.apply(picture))
    lab = np.asarray(cv2.cvtColor(as_bytes(picture), cv2.COLOR_BGR2LAB))
    lab[:, :, 0] = equaliser.apply(np.ascontiguousarray(lab[:, :, 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), np.uint8)


@operation("white_balance", title="White balance", takes=Takes.COLOURED)
def white_balance(picture: Bytes, parameters: WhiteBalance) -> Bytes:
    """Takes a tint away: each channel is scaled until the picture's mean is grey."""
    means = np.maximum(picture.reshape(-1, 3).mean(axis=0), 1)  # a channel that is black stays so
    factors = 1 + (means.mean() / means - 1) * parameters.strength
    return np.asarray(np.clip(np.rint(picture * factors), 0, 255), np.uint8)


def _mapped(picture: Picture, curve: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Picture:
    """Each value of the picture replaced by its place in the curve."""
    table = np.clip(np.rint(curve), 0, top(picture))
    return like(picture, np.take(like(picture, table), picture))
