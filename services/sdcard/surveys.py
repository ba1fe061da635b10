"""What is on a card, asked over a session. Blocks: for a thread of the camera's."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from services.sdcard.camera_errors import ListingTooLong
from services.sdcard.camera_repository import CameraRow
from services.sdcard.cameras import CameraSession
from services.sdcard.card import is_date, is_hour, parse_name, read_plan
from services.sdcard.places import Place
from services.sdcard.sftp import Entry
from shared.errors import DarkroomError

HourKey = tuple[str, int]
CONFIG_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Survey:
    """The card as a whole: its sizes in bytes, the hours there are with their folders' times, the plan.

    `plan` is the recording plan of the camera's own configuration; None where there is none to be read.
    """

    size: int
    used: int
    available: int
    hours: dict[HourKey, int]
    plan: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of an hour; `start` is in ISO form, None for what is no clip."""

    place: Place
    start: str | None
    size: int
    modified: int


def take_survey(session: CameraSession, row: CameraRow, date: str | None) -> Survey:
    """The hours of the card, or of one date of it. Raises NoCard, CameraError."""
    usage = session.disk_usage(row.card_path)
    dates = [date] if date is not None else _dates(session, row)
    hours: dict[HourKey, int] = {}
    for path, found in session.list_folders([f"{row.card_path}/{one}" for one in dates]):
        for entry in _entries(found):
            if entry.kind == "folder" and is_hour(entry.name):
                hours[path.rpartition("/")[2], int(entry.name)] = entry.modified
    plan = None if date is not None else _plan(session, row)
    return Survey(usage.size, usage.used, usage.available, hours, plan)


def _dates(session: CameraSession, row: CameraRow) -> list[str]:
    return [entry.name for entry in session.list_folder(row.card_path) if _is_date_folder(entry)]


def _is_date_folder(entry: Entry) -> bool:
    return entry.kind == "folder" and is_date(entry.name)


def _entries(found: list[Entry] | DarkroomError) -> list[Entry]:
    """Folders that went meanwhile, or that may not be read, are empty; what else goes wrong is raised."""
    if isinstance(found, DarkroomError):
        if found.status in (403, 404):
            return []
        raise found
    return found


def _plan(session: CameraSession, row: CameraRow) -> dict[str, str] | None:
    if row.config_path is None:
        return None
    try:
        text = session.read_whole(row.config_path, CONFIG_BYTES)
    except DarkroomError as error:
        if error.status in (403, 404, 422):  # no such file, none that may be read, or none at all
            return None
        raise
    return read_plan(text.decode("utf-8", "replace"))


def list_hours(
    session: CameraSession, row: CameraRow, keys: Sequence[HourKey]
) -> dict[HourKey, list[Listed]]:
    """The files of several hours; links are not followed and not shown."""
    paths = {f"{row.card_path}/{date}/{hour:02d}": (date, hour) for date, hour in keys}
    listed: dict[HourKey, list[Listed]] = {}
    for path, found in session.list_folders(list(paths)):
        date, hour = paths[path]
        long = isinstance(found, ListingTooLong)
        entries = chain.from_iterable(session.list_pages(path)) if long else _entries(found)
        listed[date, hour] = [_listed(date, hour, entry) for entry in entries if entry.kind == "file"]
    return listed


def _listed(date: str, hour: int, entry: Entry) -> Listed:
    return Listed(Place(date, hour, entry.name), start_of(date, hour, entry.name), entry.size, entry.modified)


def start_of(date: str, hour: int, name: str) -> str | None:
    """When a clip began by its name, in ISO form to the second; None for what is no clip."""
    start = parse_name(date, f"{hour:02d}", name)
    return None if start is None else start.isoformat(timespec="seconds")


def remote_path(row: CameraRow, place: Place) -> str:
    """Where the file is on the camera."""
    return f"{row.card_path}/{place.path}"
