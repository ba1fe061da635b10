"""The layout of a card, and of the camera's own configuration. Pure: names in, meanings out.

    <card path>/<YYYY-MM-DD>/<HH>/<digits>-<HHMM or HHMMSS>.mp4

Names come from a camera and can hold anything: they are strings in which bytes that are not UTF-8
stand as lone surrogates (`surrogateescape`), so that every name leads back to its file.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import date as calendar_date
from datetime import datetime, time

from services.sdcard.camera_errors import InvalidClipId
from services.sdcard.recordings import RecordingMode

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
HOUR = re.compile(r"[01]\d|2[0-3]", re.ASCII)
CLIP = re.compile(r"\d+-(\d{4}|\d{6})\.mp4", re.ASCII | re.IGNORECASE)
ID = re.compile(r"[A-Za-z0-9_-]{1,400}")
PLAN = re.compile(r"[0-9A-Fa-f]{24}")
NAME_BYTES = 255
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MODES = {0: RecordingMode.NONE, 1: RecordingMode.BOOST, 2: RecordingMode.CONTINUOUS}
Plan = Mapping[str, str]


def encoded(name: str) -> bytes:
    """The name as the camera writes it."""
    return name.encode("utf-8", "surrogateescape")


def decoded(name: bytes) -> str:
    """The name as it is handed about here."""
    return name.decode("utf-8", "surrogateescape")


def shown(name: str) -> str:
    """The name for people and for JSON: what is not UTF-8 as `\\xNN`, control characters likewise."""
    readable = encoded(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c == " " else f"\\x{ord(c):02x}" for c in readable)


def join(*parts: str) -> str:
    """A path on the camera, where `/` alone separates."""
    return "/".join([parts[0].rstrip("/"), *parts[1:]])


def is_date(name: str) -> bool:
    """Whether a folder of the card holds a date's hours."""
    if not DATE.fullmatch(name):
        return False
    try:
        calendar_date.fromisoformat(name)
    except ValueError:
        return False
    return True


def is_hour(name: str) -> bool:
    """Whether a folder of a date holds an hour's clips."""
    return HOUR.fullmatch(name) is not None


def parse_name(date: str, hour: str, name: str) -> datetime | None:
    """When the clip of that name begins, by the camera's clock; None for a file that is no clip.

    The folders say the date and the hour; the name says them again as HHMM or HHMMSS. Where the two hours
    differ, as in a clip begun just before the hour, the name is right about its time and the folder
    about its date.
    """
    found = CLIP.fullmatch(name)
    if found is None or not is_date(date) or not is_hour(hour):
        return None
    digits = found[1]
    try:
        start = time(int(digits[:2]), int(digits[2:4]), int(digits[4:] or "0"))
    except ValueError:
        return None
    return datetime.combine(calendar_date.fromisoformat(date), start)


def clip_id(date: str, hour: str, name: str) -> str:
    """A file's id: letters, digits, `-` and `_`, and the way back to the file. See clip_place."""
    whole = encoded(f"{date}/{hour}/{name}")
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def clip_place(identifier: str) -> tuple[str, str, str]:
    """Date, hour and name of the file with that id. Raises InvalidClipId, also for what leads elsewhere."""
    try:
        if not ID.fullmatch(identifier):
            raise ValueError
        whole = base64.b64decode(identifier + "=" * (-len(identifier) % 4), altchars=b"-_", validate=True)
        date, hour, name = decoded(whole).split("/")
    except (ValueError, binascii.Error):
        raise InvalidClipId("an id is made by the list of clips") from None
    plain = name not in {"", ".", ".."} and "\0" not in name and len(encoded(name)) <= NAME_BYTES
    if not (plain and is_date(date) and is_hour(hour) and clip_id(date, hour, name) == identifier):
        raise InvalidClipId("an id is made by the list of clips")
    return date, hour, name


def read_plan(text: str) -> dict[str, str]:
    """When the camera records: 24 hexadecimal characters by weekday, from `[Recording]` of its configuration.

    Read line by line, because the other sections are the camera's own affair and need not be right.
    Keys are English weekdays in any case, whole or shortened to three letters or more; what is no such
    key, or no such value, is passed over.
    """
    plan: dict[str, str] = {}
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            inside = stripped.partition("]")[0].lstrip("[").strip().lower() == "recording"
        elif inside and not stripped.startswith(("#", ";")):
            key, _, value = stripped.partition("=")
            weekday = _weekday(key.strip().lower())
            value = value.strip().strip('"')
            if weekday and PLAN.fullmatch(value):
                plan[weekday] = value.lower()
    return plan


def _weekday(key: str) -> str | None:
    if len(key) < 3:
        return None
    return next((day for day in WEEKDAYS if day.startswith(key)), None)


def mode_at(plan: Plan | None, moment: datetime) -> RecordingMode | None:
    """What the camera is configured to record then; None where its configuration does not say.

    Of an hour's value v the first half hour is v // 4 and the second v % 4.
    """
    hours = None if plan is None else plan.get(WEEKDAYS[moment.weekday()])
    if hours is None:
        return None
    first, second = divmod(int(hours[moment.hour], 16), 4)
    return MODES.get(first if moment.minute < 30 else second)
