"""Where the shelf's files stand in the blob store."""


def source_key(content_id: str) -> str:
    """The file as it came."""
    return f"sources/{content_id}.csv"


def layout_key(content_id: str) -> str:
    """Where its tag cells are."""
    return f"sources/{content_id}.layout"
