"""Images of datasets that were made from the image store: they come from there."""

import httpx2

from shared.clients.base import ProblemAnswer
from shared.clients.imagestore import ImageStoreClient, image_url
from shared.contracts.tagging import ImageSearch
from shared.errors import NotFound, Unavailable, Unprocessable
from shared.web.content import Content, content_headers

MAX_IMAGES = 1_000_000
CACHE_CONTROL = "private, no-cache"


class StoredImageMissing(NotFound):
    """The image store has no image of the row's name any more; the row can be tagged all the same."""

    code = "image_missing"
    title = "The image of this row is missing"


class StoredImages:
    """The image store, as far as tagging needs it."""

    def __init__(self, client: ImageStoreClient) -> None:
        self._client = client

    async def names(self, search: ImageSearch) -> list[str]:
        """Names of the images that fit, in their order. Raises Unprocessable for none, Unavailable."""
        found: list[str] = []
        try:
            async for image in self._client.images(prefix=search.prefix, q=search.q, tag=search.tag):
                found.append(image.name)
                if len(found) > MAX_IMAGES:
                    raise Unprocessable(f"a dataset has at most {MAX_IMAGES} rows", code="too_many_images")
        except (ProblemAnswer, httpx2.TransportError) as error:
            raise _away(error) from None
        if not found:
            raise Unprocessable("no image of the image store fits this search", code="no_images")
        return found

    async def content(self, name: str, edge: int) -> Content:
        """The image, or a JPEG of at most `edge` pixels a side. Raises StoredImageMissing, Unavailable."""
        url = f"{image_url(name)}/content"
        if edge:
            url = f"{image_url(name)}/rendition?width={edge}&height={edge}&format=jpeg"
        try:
            answer = await self._client.request("GET", url)
        except ProblemAnswer as error:
            if error.problem.status == 404:
                raise StoredImageMissing("the image store has no image of this name") from None
            raise _away(error) from None
        except httpx2.TransportError as error:
            raise _away(error) from None
        tag = answer.headers.get("etag", "").strip('"')
        headers = content_headers(
            media_type=answer.headers.get("content-type", "application/octet-stream"),
            etag=tag,
            name=name,
            cache_control=CACHE_CONTROL,
        )
        data = answer.content
        return Content(len(data), f'"{tag}"'.encode(), headers, data)


def _away(error: Exception) -> Unavailable:
    detail = "the image store does not answer"
    if isinstance(error, ProblemAnswer):
        detail = f"the image store says: {error}"
    return Unavailable(detail, code="imagestore_unavailable", headers={"Retry-After": "1"})
