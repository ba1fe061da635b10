"""Where the image store's bytes stand in the blob store."""


def blob_key(digest: str) -> str:
    """Where the bytes with that SHA-256 stand in the blob store."""
    return f"blobs/{digest[:2]}/{digest}"
