"""Which format an answer has, by what its reader accepts."""

from shared.imaging.info import ImageFormat, ImageInfo

_JPEG, _PNG, _WEBP, _AVIF = ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF


def negotiate(accept: str | None, source: ImageFormat | ImageInfo) -> ImageFormat:
    """The format for a request that names none, by its Accept header (RFC 9110, 12.5.1).

    AVIF and WebP go only to those who name them; ranges such as `*/*` mean JPEG, or PNG where JPEG would
    lose something: known from an ImageInfo, and assumed of every PNG and GIF when only the format is known.
    The answer depends on the header: send `Vary: Accept`.
    """
    graphic = source.graphic if isinstance(source, ImageInfo) else source in (_PNG, ImageFormat.GIF)
    plain, other = (_PNG, _JPEG) if graphic else (_JPEG, _PNG)
    weights = _weights(accept or "*/*")
    anything = weights.get("image/*", weights.get("*/*", 0.0))
    offers = {
        _AVIF: weights.get(_AVIF.media_type, 0.0),
        _WEBP: weights.get(_WEBP.media_type, 0.0),
        plain: weights.get(plain.media_type, anything),
        other: weights.get(other.media_type, anything),
    }
    best = max(offers, key=offers.__getitem__)  # the first of equals
    return best if offers[best] > 0 else plain


def _weights(accept: str) -> dict[str, float]:
    """Media range -> its q, 1 where none is given; a q that is no number counts as 0."""
    weights = {}
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            weights[media] = min(max(float(weight), 0.0), 1.0)
        except ValueError:
            weights[media] = 0.0
    return weights
