"""Wire models of the image store."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.problems import Problem

Tag = Annotated[str, Field(min_length=1, max_length=100)]
Sort = Literal[
    "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at", "taken_at", "-taken_at",
    "size", "-size",
]  # fmt: skip


class Strict(BaseModel):
    """A request body: an unknown member is a mistake, and is told so."""

    model_config = ConfigDict(extra="forbid")


class ImageFacts(BaseModel):
    """What the catalogue knows of an image; also the data of its events."""

    name: str = Field(examples=["sunset.jpg"])
    size: int = Field(description="bytes", examples=[204800])
    digest: str = Field(description="of the bytes, as sha256:<hex>")
    media_type: str = Field(description="by the first bytes, not the name", examples=["image/jpeg"])
    width: int = Field(description="pixels, as displayed", examples=[4000])
    height: int = Field(description="pixels, as displayed", examples=[3000])
    taken_at: AwareDatetime | None = Field(None, description="from EXIF; UTC where it names no offset")
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int = Field(description="grows with each new content of the name", examples=[1])
    tags: list[str] = []


class Image(ImageFacts):
    """An image, with full URLs as the caller reaches them."""

    url: str
    content_url: str = Field(description="of this very content: may be cached for ever")
    rendition_url: str = Field(description="add width, height, fit, format, quality")


class Landmarks(BaseModel):
    """Where the pages of a search begin, so that any part of it can be asked for.

    Images `every * (n + 1)` and following, counted from 0, are those of `GET /v1/images` with
    `cursor=cursors[n]`.
    """

    total: int = Field(description="how many images fit")
    every: int
    cursors: list[str]
    at: int | None = Field(None, description="the place of the image that was asked for, from 0")


class ExifEntry(BaseModel):
    """One thing that the camera wrote into an image."""

    group: str = Field(description="Image, Camera or Location", examples=["Camera"])
    name: str = Field(examples=["Exposure time"])
    value: str = Field(examples=["1/125 s"])


class UploadResult(BaseModel):
    """What became of one file of an upload."""

    name: str
    status: Literal["created", "updated", "unchanged", "failed"]
    image: Image | None = None
    problem: Problem | None = None


class UploadResults(BaseModel):
    """One result a file, in the order of the upload."""

    items: list[UploadResult]


class ImageChange(Strict):
    """What PATCH may change: `tags` replaces all labels, add_tags and remove_tags change some."""

    name: str | None = None
    tags: list[Tag] | None = Field(None, max_length=200)
    add_tags: list[Tag] = Field(default=[], max_length=200)
    remove_tags: list[Tag] = Field(default=[], max_length=200)


class ImageVersion(BaseModel):
    """One content that a name has, or had."""

    version: int
    size: int
    digest: str
    media_type: str
    width: int
    height: int
    taken_at: AwareDatetime | None = None
    created_at: AwareDatetime
    content_url: str


class TagCount(BaseModel):
    """A label, and how many images carry it."""

    tag: str
    images: int


class TrashedImage(ImageFacts):
    """A deleted image, and until when it can be brought back."""

    id: int
    deleted_at: AwareDatetime
    kept_until: AwareDatetime


class Purged(BaseModel):
    """How many images have gone for good."""

    purged: int


class Restore(Strict):
    """Where to bring a deleted image back: under its old name unless another is given."""

    name: str | None = None


class ArchiveRequest(Strict):
    """Which images to put into a ZIP."""

    names: list[str] = Field(min_length=1, max_length=10_000)
    filename: str = Field("images.zip", max_length=200)


class NewLink(Strict):
    """What to share, for how long, and behind which password."""

    names: list[str] = Field(min_length=1, max_length=1_000)
    title: str = Field("", max_length=200)
    expires_at: AwareDatetime | None = Field(None, description="7 days from now unless given")
    password: str | None = Field(None, min_length=4, max_length=200)


class Link(BaseModel):
    """A share link: whoever has `url` sees these images until it ends."""

    id: int
    url: str
    title: str
    names: list[str]
    created_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None = None
    has_password: bool
    state: Literal["open", "expired", "revoked"]


class SharedImage(BaseModel):
    """An image as a share link shows it to a program."""

    name: str
    size: int
    media_type: str
    width: int
    height: int
    content_url: str
    rendition_url: str


class SharedImages(BaseModel):
    """What a share link of several images answers to a program."""

    title: str
    expires_at: AwareDatetime
    items: list[SharedImage]
