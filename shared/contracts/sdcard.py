"""Wire models of the SD-card browser.

Moments of Darkroom are in UTC. Moments of a card (`*_local`, dates, hours) are in the camera's own
time, which has no offset: its folders and file names are made by its clock.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, WithJsonSchema

CameraId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,63}$",
        description="as in the field; case does not matter",
        examples=["cam1"],
    ),
]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,253}$", examples=["192.168.1.20"])]
RemotePath = Annotated[str, Field(pattern=r"^/[^\x00-\x1f\x7f]{0,1023}$", examples=["/mnt/sdcard"])]
User = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f:]{1,100}$", examples=["root"])]
RecordingModeName = Literal["none", "boost", "continuous"]
FrameModeName = Literal["higher_frame_rate", "higher_image_quality"]
# RFC 3339 knows no time without an offset, and a camera's own time has none.
LocalTime = Annotated[
    datetime,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$",
            "examples": ["2026-11-20T13:00:00"],
        }
    ),
]
StepName = Literal["hour", "half_hour", "minute"]


class Strict(BaseModel):
    """A request body: an unknown member is a mistake, and is told so."""

    model_config = ConfigDict(extra="forbid")


class CameraChange(Strict):
    """What PATCH may change. Credentials go in and never come out; null takes one away."""

    host: Host | None = None
    port: int | None = Field(None, ge=1, le=65535)
    user: User | None = None
    card_path: RemotePath | None = None
    config_path: RemotePath | None = Field(None, description="the camera's own configuration; null: none")
    model: str | None = Field(None, max_length=100)
    password: SecretStr | None = Field(None, max_length=1024)
    private_key: SecretStr | None = Field(None, max_length=32_768, description="OpenSSH or PEM")


class NewCamera(CameraChange):
    """A camera to be added; what is not given comes from `[defaults]`."""

    id: CameraId


class CardState(BaseModel):
    """The card's file system, in bytes."""

    size: int
    used: int
    available: int


class HostKey(BaseModel):
    """The key that a camera proves itself by."""

    state: Literal["unknown", "accepted", "changed", "never_seen"] = Field(
        description="`unknown` and `changed` wait for somebody to accept `offered`"
    )
    accepted: str | None = Field(None, examples=["SHA256:2gLrZ0Fy3S1dGq4cQmT5nY8oB7wJxkVh9aUeEiR6tXs"])
    offered: str | None = Field(None, description="the fingerprint that was shown last, where it differs")


class Camera(BaseModel):
    """A camera as it is known, without its credentials."""

    id: str
    name: str = Field(description="the id as it was first written")
    host: str
    port: int
    user: str
    card_path: str
    config_path: str | None
    model: str
    source: Literal["ini", "pattern", "rest"]
    credential: Literal["password", "private_key", "default", "none"]
    host_key: HostKey
    version: int
    url: str


class CameraState(Camera):
    """A camera, and whether it can be reached; `state` is `online` or why not."""

    state: str = Field(examples=["online", "camera_unreachable", "host_key_unknown", "no_card"])
    detail: str = ""
    checked_at: AwareDatetime | None = None
    card: CardState | None = None
    refreshed_at: AwareDatetime | None = Field(None, description="when the card was last listed whole")
    refreshing: bool = False
    dates: int = 0
    clips: int = 0
    clip_bytes: int = 0


class HostKeyAcceptance(Strict):
    """The fingerprint that somebody has looked at."""

    fingerprint: str = Field(
        pattern=r"^SHA256:[A-Za-z0-9+/]{43}$",
        examples=["SHA256:2gLrZ0Fy3S1dGq4cQmT5nY8oB7wJxkVh9aUeEiR6tXs"],
    )


class Listing(BaseModel):
    """How fresh what is shown is."""

    refreshed_at: AwareDatetime | None = Field(description="when the card was last listed; null: never")
    age_seconds: float | None
    refreshing: bool = Field(description="a refresh is under way; an event tells when it is done")
    state: str = Field(description="of the camera, when it was last asked", examples=["online"])
    detail: str = ""


class CardDate(BaseModel):
    """One date of the card."""

    date: str = Field(examples=["2026-11-20"])
    hours: int
    clips: int
    others: int = Field(description="files that are no clips")
    size: int = Field(description="bytes, all files")


class CardDates(Listing):
    """The dates of a card, newest first."""

    items: list[CardDate]


class CardHour(BaseModel):
    """One hour of a date."""

    hour: int = Field(ge=0, le=23)
    clips: int
    others: int
    size: int
    scanned: int = Field(description="clips whose properties are known")
    listed_at: AwareDatetime


class CardHours(Listing):
    """The hours of a date."""

    date: str
    items: list[CardHour]


class ClipProperties(BaseModel):
    """What the container's index says."""

    state: Literal["whole", "truncated", "broken"]
    detail: str = ""
    codec: str | None = Field(None, examples=["h264"])
    profile: str | None = Field(None, examples=["High"])
    duration: float | None = Field(None, description="seconds")
    kbps: float | None = Field(None, description="1000 bit/s, over the whole file")
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    created_at: str | None = Field(None, description="as the container says")
    playable: bool = Field(description="whether browsers play the codec; the download is there either way")


class Clip(BaseModel):
    """A file of the card. `start_local` and `properties` are there for clips alone."""

    id: str
    camera: str
    name: str
    date: str
    hour: int
    kind: Literal["clip", "other"]
    start_local: LocalTime | None = None
    size: int
    modified_at: AwareDatetime
    properties: ClipProperties | None = None
    url: str
    content_url: str
    thumbnail_url: str | None = None
    preview_url: str | None = None


class Clips(Listing):
    """A page of a date's files, newest first."""

    items: list[Clip]
    next_cursor: str | None = None


class NewScan(Strict):
    """What to scan: an hour of a date, a date, or the whole card."""

    date: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2026-11-20"])
    hour: int | None = Field(None, ge=0, le=23)
    thumbnails: bool = True


class NewCopy(Strict):
    """Which clips' key frames go into the image store, and under which labels."""

    clips: list[str] = Field(min_length=1, max_length=1000)
    tags: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(default=[], max_length=20)


class ArchiveRequest(Strict):
    """Which files to put into a ZIP."""

    clips: list[str] = Field(min_length=1, max_length=1000)
    filename: str = Field("clips.zip", min_length=1, max_length=200)


class UsageItem(BaseModel):
    """The clips that begin in one step of time."""

    start_local: LocalTime
    clips: int
    size: int


class Usage(Listing):
    """Sizes by step of time; steps without a clip are left out."""

    by: StepName
    date: str | None
    items: list[UsageItem]
    size: int
    clips: int


class ResolutionCount(BaseModel):
    """How many clips have a resolution."""

    resolution: str = Field(examples=["1280x720"])
    clips: int


class QualityItem(BaseModel):
    """One half hour; means are over the clips that were read."""

    start_local: LocalTime
    clips: int
    read: int
    mean_duration: float | None
    mean_kbps: float | None
    mean_fps: float | None
    resolutions: list[ResolutionCount]
    frame_mode: FrameModeName | None
    recording_mode: RecordingModeName | None


class GapItem(BaseModel):
    """A stretch without recording that the recording mode does not explain."""

    start_local: LocalTime
    end_local: LocalTime
    seconds: float
    recording_mode: RecordingModeName | None


class Quality(Listing):
    """Half hours that hold a clip, and gaps between clips."""

    date: str | None
    items: list[QualityItem]
    gaps: list[GapItem]
    unread: int = Field(description="clips not scanned yet: figures and gaps are made without them")
