"""What is read of a card, over one session: folders, attributes, file systems. Files: see remote_file."""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from services.sdcard import sftp
from services.sdcard.camera_errors import (
    CameraError,
    CameraFailed,
    ListingTooLong,
    NoCard,
    NotAFile,
    RemoteDenied,
    RemoteNotFound,
    RemoteTooLarge,
)
from services.sdcard.card import encoded, shown
from services.sdcard.remote_file import RemoteFile
from services.sdcard.session import Pace, Session
from services.sdcard.sftp import DiskUsage, Entry, Reader, Reply, SftpError
from shared.errors import DarkroomError

# Folders that are listed at once: what a slow way costs is shared by so many.
TOGETHER = 8
# A listing that goes on for longer than so many pages' worth of replies is not a folder's.
PAGES = 10
MIB = 1024 * 1024
T = TypeVar("T")


def status_error(body: bytes, path: str) -> DarkroomError:
    """What a status says of a path, as an exception to be raised."""
    code, said = sftp.read_status(body)
    if code == sftp.NO_SUCH_FILE:
        return RemoteNotFound(f"there is no {shown(path)}")
    if code == sftp.PERMISSION_DENIED:
        return RemoteDenied(f"its user may not read {shown(path)}")
    return CameraFailed(f"it could not read {shown(path)}: {shown(said) or f'status {code}'}")


def expected(reply: Reply, kind: int, path: str) -> Reader:
    """The reply's body, if it is of that kind. Raises RemoteNotFound, RemoteDenied, CameraFailed."""
    if reply.kind == sftp.STATUS:
        raise status_error(reply.body, path)
    if reply.kind != kind:
        raise CameraFailed(f"its SFTP answered with kind {reply.kind}")
    return Reader(reply.body)


def call(session: Session, kind: int, path: str, body: bytes, wanted: int) -> Reader:
    """One request about a path and its reply."""
    return expected(session.answer(session.ask(kind, body), session.pace()), wanted, path)


def stat(session: Session, path: str) -> Entry:
    """What stands at the path; a link is a link, wherever it leads."""
    reader = call(session, sftp.LSTAT, path, sftp.text(encoded(path)), sftp.ATTRS)
    return _parsed(lambda: sftp.read_entry(reader, path.rpartition("/")[2]))


def list_pages(session: Session, path: str) -> Iterator[list[Entry]]:
    """The folder's entries, `listing_entries` a page. Raises ListingTooLong after as many replies as ten
    pages can need at most: a million entries from OpenSSH, and never a listing without an end.
    """
    pace = session.pace()
    folder = _open_folder(session, path)
    try:
        page: list[Entry] = []
        for _ in range(PAGES * session.limits.listing_entries):
            entries = _next_entries(session, session.ask(sftp.READDIR, folder), pace, path)
            if entries is None:
                break
            page += entries
            while len(page) >= session.limits.listing_entries:
                yield page[: session.limits.listing_entries]
                page = page[session.limits.listing_entries :]
        else:
            raise _too_long(session, path)
        if page:
            yield page
    finally:
        _close(session, folder)


def list_folder(session: Session, path: str) -> list[Entry]:
    """The folder's entries in one piece. Raises ListingTooLong beyond `listing_entries`."""
    pages = list_pages(session, path)
    found = next(pages, [])
    if next(pages, None) is not None:
        pages.close()  # type: ignore[attr-defined]
        raise _too_long(session, path)
    return found


def list_folders(session: Session, paths: Sequence[str]) -> Iterator[tuple[str, list[Entry] | DarkroomError]]:
    """Many small folders, several at once, in their order; what is wrong with one is its own affair.

    A camera's own trouble is raised: nothing more can be had from it.
    """
    for first in range(0, len(paths), TOGETHER):
        yield from _list_together(session, paths[first : first + TOGETHER])


def _list_together(session: Session, paths: Sequence[str]) -> list[tuple[str, list[Entry] | DarkroomError]]:
    pace = session.pace()
    opening = [session.ask(sftp.OPENDIR, sftp.text(encoded(path))) for path in paths]
    found: dict[str, list[Entry] | DarkroomError] = {}
    handles: dict[str, bytes] = {}
    for path, number in zip(paths, opening, strict=True):
        reply = session.answer(number, pace)
        try:
            handles[path] = sftp.text(_parsed(expected(reply, sftp.HANDLE, path).text))
            found[path] = []
        except (RemoteNotFound, RemoteDenied, CameraFailed) as problem:
            found[path] = problem
    left = dict(handles)
    for turn in range(session.limits.listing_entries + 2):
        if not left:
            break
        asked = {path: session.ask(sftp.READDIR, handle) for path, handle in left.items()}
        for path, number in asked.items():
            known = found[path]
            try:
                entries = _next_entries(session, number, pace, path)
                if entries is not None and isinstance(known, list):
                    known += entries
                    if max(len(known), turn) > session.limits.listing_entries:
                        raise _too_long(session, path)
                    continue
            except (RemoteNotFound, RemoteDenied, CameraFailed, ListingTooLong) as problem:
                found[path] = problem
            _close(session, left.pop(path))
    return list(found.items())


def disk_usage(session: Session, path: str) -> DiskUsage:
    """The file system that the path lies in. Raises NoCard where there is no such folder."""
    try:
        kind = stat(session, path).kind
    except RemoteNotFound:
        raise NoCard(f"there is no {shown(path)}") from None
    if kind not in {"folder", "link"}:
        raise NoCard(f"{shown(path)} is no folder")
    usage = _statvfs(session, path) if session.has_statvfs else None
    if usage is None:
        usage = sftp.read_df(session.run(b"df -Pk -- " + quoted(encoded(path))))
    if usage is None:
        raise CameraFailed("it does not tell how full its card is")
    return usage


def _statvfs(session: Session, path: str) -> DiskUsage | None:
    number = session.ask(sftp.EXTENDED, sftp.text(sftp.STATVFS) + sftp.text(encoded(path)))
    reply = session.answer(number, session.pace())
    if reply.kind != sftp.EXTENDED_REPLY:  # some servers name what they cannot do
        return None
    return _parsed(lambda: sftp.read_statvfs(reply.body))


def quoted(argument: bytes) -> bytes:
    """One word of a command, whatever it holds."""
    return b"'" + argument.replace(b"'", b"'\\''") + b"'"


def open_file(session: Session, path: str) -> RemoteFile:
    """A file to be read. Raises NotAFile, RemoteNotFound, RemoteDenied."""
    entry = stat(session, path)
    if entry.kind != "file":  # asked first: opening a pipe would hold the whole session up
        raise NotAFile(f"{shown(path)} is a {entry.kind}")
    body = sftp.text(encoded(path)) + struct.pack(">II", sftp.FOR_READING, 0)
    handle = _parsed(call(session, sftp.OPEN, path, body, sftp.HANDLE).text)
    return RemoteFile(session, path, handle, entry)


def read_whole(session: Session, path: str, limit: int = MIB) -> bytes:
    """A small file. Raises RemoteTooLarge, NotAFile, RemoteNotFound, RemoteDenied."""
    with open_file(session, path) as file:
        if file.size > limit:
            raise RemoteTooLarge(f"{shown(path)} has {file.size} bytes, and {limit} are read at most")
        # What /proc and /sys hold has no size; a file that grew is read as it was.
        return file.read_at(0, file.size or limit)


def _open_folder(session: Session, path: str) -> bytes:
    reader = call(session, sftp.OPENDIR, path, sftp.text(encoded(path)), sftp.HANDLE)
    return sftp.text(_parsed(reader.text))


def _next_entries(session: Session, number: int, pace: Pace, path: str) -> list[Entry] | None:
    """The entries of one reply; None at the end."""
    reply = session.answer(number, pace)
    if reply.kind == sftp.STATUS and sftp.read_status(reply.body)[0] == sftp.END:
        return None
    reader = expected(reply, sftp.NAME, path)
    return _parsed(lambda: sftp.read_names(reader.take(reader.left)))


def _close(session: Session, handle: bytes) -> None:
    with suppress(CameraError):
        session.tell(sftp.CLOSE, handle)


def _parsed(read: Callable[[], T]) -> T:
    try:
        return read()
    except SftpError as error:
        raise CameraFailed(f"its SFTP is not right: {error}") from None


def _too_long(session: Session, path: str) -> ListingTooLong:
    return ListingTooLong(f"{shown(path)} holds more than {session.limits.listing_entries} entries")
