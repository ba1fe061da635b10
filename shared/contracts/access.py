"""What a scope opens, as far as the services and the gateway must agree on it."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# POSTs that only read: they take a body because what they ask for does not fit into a URL.
# `*` stands for one part of a path.
READING_POSTS: dict[str, frozenset[str]] = {
    "imagestore": frozenset({"/v1/archives"}),
    "processing": frozenset({"/v1/process"}),
    "sdcard": frozenset({"/v1/cameras/*/archives"}),
}


def scope_for(service: str, method: str, path: str) -> str:
    """The scope that a call of a service needs: `read` or `write`."""
    if method in SAFE_METHODS:
        return "read"
    reading = READING_POSTS.get(service, ()) if method == "POST" else ()
    return "read" if any(_fits(path, pattern) for pattern in reading) else "write"


def _fits(path: str, pattern: str) -> bool:
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(
        part if want == "*" else part == want for part, want in zip(parts, wanted, strict=True)
    )
