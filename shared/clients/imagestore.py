"""The image store's typed client."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from urllib.parse import quote

from shared.clients.base import ServiceClient
from shared.contracts.imagestore import Image, ImageChange, ImageVersion, Link, NewLink, UploadResults
from shared.contracts.pages import Page

PAGE = 1000


def image_url(name: str) -> str:
    """The path of an image below the service's base URL."""
    return f"/v1/images/{quote(name, safe='')}"


class ImageStoreClient(ServiceClient):
    """Calls of the image store. All raise ProblemAnswer for refusals, and httpx2.TransportError."""

    async def upload(self, files: Sequence[tuple[str, bytes]]) -> UploadResults:
        """Put many files (name, content) in by one call; each result says what became of its file."""
        form = [("files", (name, content)) for name, content in files]
        answer = await self.request("POST", "/v1/images", files=form)
        return UploadResults.model_validate_json(answer.content)

    async def put(
        self,
        name: str,
        content: bytes | AsyncIterable[bytes],
        *,
        size: int | None = None,
        overwrite: bool = True,
    ) -> Image:
        """Put one image in; `size` goes with content that comes in pieces.

        Where it must not overwrite, an existing name is refused with 412.
        """
        headers = {"Content-Type": "application/octet-stream"}
        if size is not None:
            headers["Content-Length"] = str(size)
        if not overwrite:
            headers["If-None-Match"] = "*"
        answer = await self.request("PUT", image_url(name), content=content, headers=headers)
        return Image.model_validate_json(answer.content)

    async def image(self, name: str) -> Image:
        """What is known of an image."""
        return await self.get(Image, image_url(name))

    async def images(
        self, *, prefix: str = "", q: str = "", tag: str = "", sort: str = "name", page: int = PAGE
    ) -> AsyncIterator[Image]:
        """Every image that fits, `page` of them a call."""
        wanted = {"prefix": prefix, "q": q, "tag": tag}
        query = {key: value for key, value in wanted.items() if value}
        cursor: str | None = ""
        while cursor is not None:
            params = {**query, "sort": sort, "limit": page, **({"cursor": cursor} if cursor else {})}
            found = await self.get(Page[Image], "/v1/images", params=params)
            for image in found.items:
                yield image
            cursor = found.next_cursor

    async def change(self, name: str, wanted: ImageChange) -> Image:
        """Rename or relabel."""
        body = wanted.model_dump(exclude_unset=True)
        answer = await self.request("PATCH", image_url(name), json=body)
        return Image.model_validate_json(answer.content)

    async def delete(self, name: str) -> None:
        """Move an image to the trash."""
        await self.request("DELETE", image_url(name))

    async def content(self, name: str) -> bytes:
        """The image's bytes."""
        answer = await self.request("GET", f"{image_url(name)}/content")
        return answer.content

    async def versions(self, name: str) -> list[ImageVersion]:
        """Every content that the name has had, newest first."""
        page = await self.get(Page[ImageVersion], f"{image_url(name)}/versions")
        return page.items

    async def link(self, wanted: NewLink) -> Link:
        """Share images by a link."""
        answer = await self.request("POST", "/v1/links", json=wanted.model_dump(mode="json"))
        return Link.model_validate_json(answer.content)
