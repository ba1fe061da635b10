"""What can be wrong with an image.

UnsupportedFormat 415    the first bytes are of no format that is read here
ImageTooLarge 422        the header tells of more pixels than the limits allow
BrokenImage 422          a header or pixels that cannot be read
"""

from shared.errors import Unprocessable, UnsupportedMedia


class UnsupportedFormat(UnsupportedMedia):
    """The first bytes are of no format that is read here."""

    code = "unsupported_format"
    title = "This image format is not supported"


class ImageTooLarge(Unprocessable):
    """The header tells of more pixels, or a longer side, than the limits allow."""

    code = "image_too_large"
    title = "The image has too many pixels"


class BrokenImage(Unprocessable):
    """The header or the pixels cannot be read: damaged, cut off, or not what it says."""

    code = "broken_image"
    title = "The image is damaged"
