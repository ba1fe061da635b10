"""Which packed form of a file a browser takes. Pure."""

CODINGS = {"br": ".br", "gzip": ".gz"}  # the smaller one first, with the ending that the build gives it


def codings_taken(accept_encoding: str) -> list[str]:
    """Those of our codings that an Accept-Encoding header allows (RFC 9110, 12.5.3), the smaller first."""
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        weights[name] = min((_weight(word) for word in parameters), default=1.0)
    return [coding for coding in CODINGS if weights.get(coding, weights.get("*", 0.0)) > 0]


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
