"""Rows as wire models, with URLs as the caller reaches them."""

from services.imagestore.link_repository import LinkRow
from services.imagestore.links import state_of
from services.imagestore.repository import ImageRow, VersionRow
from services.imagestore.service import fact_fields
from shared.contracts.imagestore import Image, ImageVersion, Link
from shared.web.caller import path_part


def image(row: ImageRow, base: str) -> Image:
    """The image below `base`, the URL of this service as the caller sees it."""
    url = f"{base}/v1/images/{path_part(row.name)}"
    digest = row.facts.digest
    return Image(
        **fact_fields(row),
        url=url,
        content_url=f"{url}/content?digest={digest}",
        rendition_url=f"{url}/rendition?digest={digest}",
    )


def version(row: VersionRow, name: str, base: str) -> ImageVersion:
    """One content of the name."""
    facts = row.facts
    return ImageVersion(
        version=row.version,
        size=facts.size,
        digest=f"sha256:{facts.digest}",
        media_type=facts.media_type,
        width=facts.width,
        height=facts.height,
        taken_at=facts.taken_at,
        created_at=row.created_at,
        content_url=f"{base}/v1/images/{path_part(name)}/content?digest={facts.digest}",
    )


def link(row: LinkRow, root: str) -> Link:
    """The link, below the public root of the gateway."""
    return Link(
        id=row.id,
        url=f"{root}/s/{row.token}",
        title=row.title,
        names=[shared.name for shared in row.images],
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        has_password=row.password_hash is not None,
        state=state_of(row),
    )


def row_etag(row: ImageRow) -> str:
    """Changes with everything that GET of an image shows."""
    return f'"{row.id}-{row.version}-{int(row.updated_at.timestamp() * 1_000_000)}"'
