"""The tagging service on the wire."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.contracts.problems import Problem

DatasetName = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Code = Annotated[int, Field(ge=0, le=2**31 - 1)]
CodeText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}$")]
RowIndex = Annotated[int, Field(ge=0, le=2**31 - 1)]
Alias = Annotated[str, StringConstraints(min_length=1, max_length=500)]
MAX_INDICES = 100_000
MAX_PICTURES = 64  # rows whose images one call may ask for


class Strict(BaseModel):
    """What comes in: a member that is not known is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class Tag(BaseModel):
    """A tag of a dataset: its number, the name that people see, and the key that sets it."""

    code: int = Field(examples=[100])
    alias: str = Field(examples=["pedestrian"])
    key: str | None = Field(None, examples=["1"])


class Autosave(Strict):
    """When the CSV is saved by itself: after so many changes, so many seconds after one, or by neither."""

    every_changes: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    every_seconds: Annotated[float, Field(ge=0.1, le=86_400)] | None = None


class TaggingProgress(BaseModel):
    """Rows with at least one tag, and rows in all."""

    tagged: int
    total: int


class Dataset(BaseModel):
    """A dataset. `revision` grows with every change; `saved_revision` is the one that the CSV holds."""

    id: int
    name: str
    state: Literal["importing", "ready", "failed"]
    source: Literal["csv", "imagestore"]
    tags: list[Tag]
    cameras: list[str]
    rows: int
    clips: int
    counts: dict[str, int] = Field(description="rows that carry each tag, by its code")
    progress: TaggingProgress
    multiple_selection: bool = Field(description="whether a row may carry several tags")
    autosave: Autosave
    revision: int
    saved_revision: int
    csv_path: str = Field(description="where saves go")
    saved_at: AwareDatetime | None = None
    conflict: bool = Field(description="someone else changed the CSV: a save asks what to do")
    created_by: str
    created_at: AwareDatetime
    job: int | None = Field(None, description="the job that imports it")


class ImageSearch(Strict):
    """Images of the image store, as its list finds them."""

    prefix: Annotated[str, StringConstraints(max_length=255)] = ""
    q: Annotated[str, StringConstraints(max_length=255)] = ""
    tag: Annotated[str, StringConstraints(max_length=200)] = ""


class NewTag(Strict):
    """A tag for a dataset that is made of images of the image store."""

    code: Code
    alias: Alias | None = None
    key: Key | None = None


class NewDataset(Strict):
    """A dataset from files below the roots, or from a search in the image store (`images` with `tags`)."""

    name: DatasetName | None = None
    data_path: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None
    meta_path: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None
    save_to: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = Field(
        None, description="`same_file`, or a folder below the roots; unset: the service's own folder"
    )
    encoding: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "utf-8"
    multiple_selection: bool = True
    autosave: Autosave = Autosave()
    images: ImageSearch | None = None
    tags: Annotated[list[NewTag], Field(max_length=1000)] = []

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.data_path is None) == (self.images is None):
            raise ValueError("give either data_path, or images with tags")
        if self.images is not None and (not self.tags or self.name is None or self.save_to == "same_file"):
            raise ValueError("images need a name and tags, and have no file of their own to save to")
        if self.images is None and self.tags:
            raise ValueError("tags come with images; a CSV has its own")
        return self


class DatasetChange(Strict):
    """What to change; what is absent stays. `keys` gives tags new keys by code; null takes one away."""

    name: DatasetName | None = None
    keys: dict[CodeText, Key | None] | None = None
    multiple_selection: bool | None = None
    autosave: Autosave | None = None


class Row(BaseModel):
    """One image of a dataset. `version` grows with each change of its tags."""

    index: int
    file_path: str
    clip: str | None
    camera: str | None
    tags: dict[str, bool] = Field(examples=[{"100": True, "101": False}])
    version: int


class Frame(BaseModel):
    """Rows of one moment: one of each camera of the clip."""

    clip: str | None
    clip_index: int
    frame: int = Field(description="from 0 within its clip")
    rows: list[Row]


class Picture(BaseModel):
    """One row's image in an answer with several: what it is, and how many of the bytes behind are its."""

    row: int
    size: int = Field(0, description="bytes of the image in this answer")
    media_type: str | None = None
    etag: str | None = None
    apart: bool = Field(
        default=False, description="too large to go with others: ask for the row's image by itself"
    )
    problem: Problem | None = Field(None, description="why there is no image")


class Clip(BaseModel):
    """Adjacent rows that belong together; `end` is exclusive. `cameras` of them make one frame."""

    index: int
    name: str | None
    begin: int
    end: int
    cameras: int


class Change(Strict):
    """What to do with tags: `set` to true or false, `toggle`, or `clear` all (before `set`)."""

    set: dict[CodeText, bool] = Field({}, examples=[{"100": True}])
    toggle: list[CodeText] = []
    clear: bool = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.set or self.toggle or self.clear):
            raise ValueError("nothing to do: give set, toggle or clear")
        if set(self.set) & set(self.toggle):
            raise ValueError("a tag is either set or toggled")
        return self


class RowFilter(Strict):
    """Rows that fit all of these."""

    tag: list[CodeText] = Field([], description="carries all of them")
    not_tag: list[CodeText] = Field([], description="carries none of them")
    untagged: bool | None = Field(None, description="true: carries no tag; false: at least one")
    clip: str | None = None
    camera: str | None = None
    q: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")] | None = Field(
        None, description="part of the file's path, upper and lower case alike"
    )


class Selection(Strict):
    """Rows: a range with both ends included, a list, or all that fit a filter. Exactly one of the three."""

    range: tuple[RowIndex, RowIndex] | None = None
    indices: Annotated[list[RowIndex], Field(max_length=MAX_INDICES)] | None = None
    filter: RowFilter | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [each for each in (self.range, self.indices, self.filter) if each is not None]
        if len(given) != 1:
            raise ValueError("give one of range, indices and filter")
        return self


class MassChange(Change):
    """A change of many rows in one transaction."""

    rows: Selection


class Labelled(BaseModel):
    """A row after a change of its tags. `change` is null where nothing had to change."""

    index: int
    tags: dict[str, bool]
    version: int
    revision: int
    change: int | None


class Changed(BaseModel):
    """What a change did. `change` is its id in the history; null where nothing had to change."""

    revision: int
    change: int | None
    rows: int = Field(description="rows that were selected")
    rows_changed: int


class HistoryEntry(BaseModel):
    """A change: by whom, when, and of how many rows. `of` is the change that an undo or redo was of."""

    id: int
    revision: int
    kind: Literal["tag", "undo", "redo"]
    by: str
    at: AwareDatetime
    first_row: int
    last_row: int
    rows: int
    cells: int
    tags: dict[str, dict[str, int]] = Field(
        description="rows whose tag became true and false", examples=[{"100": {"true": 3, "false": 0}}]
    )
    undone: bool
    of: int | None = None


class Save(Strict):
    """What to do when someone else changed the CSV. Unset: refuse with 409 `csv_changed`.

    merge: keep their other cells, and put our tags where their rows still match; replace: write what
    we have; elsewhere: save into the folder `save_to` from now on.
    """

    on_conflict: Literal["merge", "replace", "elsewhere"] | None = None
    save_to: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None

    @model_validator(mode="after")
    def _folder(self) -> Self:
        if (self.on_conflict == "elsewhere") != (self.save_to is not None):
            raise ValueError("save_to goes with on_conflict elsewhere")
        return self


class Saved(BaseModel):
    """The file on disk holds every change up to `revision`."""

    revision: int
    csv_path: str
    saved_at: AwareDatetime
    size: int
    unmatched: list[int] = Field([], description="after a merge: our first rows that their file has not")
