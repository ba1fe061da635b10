"""Rows as wire models, with URLs as the caller reaches them."""

import hashlib
from datetime import UTC, datetime

from services.sdcard.camera_repository import CameraRow, CardRow
from services.sdcard.file_repository import FileRow
from services.sdcard.gaps import Gap
from services.sdcard.quality import HalfHour
from services.sdcard.registry import Registry
from services.sdcard.reports import resolution_name
from shared.contracts.sdcard import (
    Camera,
    CardState,
    Clip,
    ClipProperties,
    GapItem,
    HostKey,
    Listing,
    QualityItem,
    ResolutionCount,
)
from shared.database.types import now
from shared.web.caller import path_part


def camera(row: CameraRow, registry: Registry, base: str) -> Camera:
    """The camera below `base`, the URL of this service as the caller sees it."""
    return Camera(
        id=row.id,
        name=row.name,
        host=row.host,
        port=row.port,
        user=registry.user(row),
        card_path=row.card_path,
        config_path=row.config_path,
        model=row.model,
        source=row.source,
        credential=registry.credential(row),
        host_key=host_key(row),
        version=row.version,
        url=f"{base}/v1/cameras/{path_part(row.id)}",
    )


def host_key(row: CameraRow) -> HostKey:
    """Which key is trusted, and which one waits for somebody to look at it."""
    if row.offered_key is not None:
        state = "changed" if row.accepted_key else "unknown"
    else:
        state = "accepted" if row.accepted_key else "never_seen"
    return HostKey(state=state, accepted=row.accepted_key, offered=row.offered_key)


def camera_etag(row: CameraRow) -> str:
    """Changes with everything that PATCH can change; versions go on through a deletion."""
    return f'"{row.id}-{row.version}"'


def card_state(card: CardRow) -> CardState | None:
    """The card's sizes, where they are known."""
    if card.size is None or card.used is None or card.available is None:
        return None
    return CardState(size=card.size, used=card.used, available=card.available)


def listing(card: CardRow) -> Listing:
    """How fresh what is shown is."""
    moment = now()
    age = None if card.refreshed_at is None else (moment - card.refreshed_at).total_seconds()
    return Listing(
        refreshed_at=card.refreshed_at,
        age_seconds=age,
        refreshing=is_refreshing(card, moment),
        state=card.state,
        detail=card.detail,
    )


def is_refreshing(card: CardRow, moment: datetime) -> bool:
    """Whether somebody holds the right to refresh the listing at the moment."""
    return card.claimed_until is not None and card.claimed_until > moment


def clip(row: FileRow, camera_id: str, base: str) -> Clip:
    """A file of the card."""
    url = f"{base}/v1/cameras/{path_part(camera_id)}/clips/{row.id}"
    is_clip = row.start is not None
    return Clip(
        id=row.id,
        camera=camera_id,
        name=row.name,
        date=row.date,
        hour=row.hour,
        kind="clip" if is_clip else "other",
        start_local=None if row.start is None else datetime.fromisoformat(row.start),
        size=row.size,
        modified_at=datetime.fromtimestamp(row.modified, UTC),
        properties=None if row.properties is None else ClipProperties.model_validate_json(row.properties),
        url=url,
        content_url=f"{url}/content",
        thumbnail_url=f"{url}/thumbnail.jpg" if is_clip else None,
        preview_url=f"{url}/preview.gif" if is_clip else None,
    )


def file_etag(camera_id: str, row: FileRow) -> str:
    """Stands for camera, path, size and time: the file as it was with these, without quotes."""
    said = f"{camera_id}\0{row.id}\0{row.size}\0{row.modified}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def half_hour(half: HalfHour) -> QualityItem:
    """One half hour's figures."""
    return QualityItem(
        start_local=half.start,
        clips=half.clips,
        read=half.read,
        mean_duration=half.duration,
        mean_kbps=half.kbps,
        mean_fps=half.fps,
        resolutions=[
            ResolutionCount(resolution=resolution_name(size), clips=count) for size, count in half.resolutions
        ],
        frame_mode=None if half.frame_mode is None else half.frame_mode.value,
        recording_mode=None if half.recording_mode is None else half.recording_mode.value,
    )


def gap(one: Gap) -> GapItem:
    """A stretch without recording."""
    return GapItem(
        start_local=one.start,
        end_local=one.end,
        seconds=(one.end - one.start).total_seconds(),
        recording_mode=None if one.mode is None else one.mode.value,
    )
