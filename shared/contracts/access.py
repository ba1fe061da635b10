"""What a scope opens, as far as the services and the gateway must agree on it."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# POSTs that only read: they take a body because what they ask for does not fit into a URL.
READING_POSTS: dict[str, frozenset[str]] = {
    "imagestore": frozenset({"/v1/archives"}),
    "processing": frozenset({"/v1/process"}),
}


def scope_for(service: str, method: str, path: str) -> str:
    """The scope that a call of a service needs: `read` or `write`."""
    if method in SAFE_METHODS:
        return "read"
    if method == "POST" and path in READING_POSTS.get(service, ()):
        return "read"
    return "write"
