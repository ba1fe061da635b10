"""What a clip is, and pictures of it, from its index and a few packets: never from the whole file.

FFmpeg (through PyAV) reads the index and decodes; what it is given has been checked before (clip_index),
and it sees no more than this one file (`format` is fixed: nothing in it can name another one).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from services.sdcard.camera_errors import NoPicture
from services.sdcard.clip_index import BadIndex, Box, IndexLimits, check_index, top_boxes
from services.sdcard.pictures import gif, jpeg, size_within
from services.sdcard.remote_view import Readable, RemoteView, TooMuch
from shared.late import LateModule

if TYPE_CHECKING:
    import av
    from av.video.codeccontext import VideoCodecContext
    from PIL.Image import Image
else:
    av = LateModule("av")  # 16 MiB, for the first clip that is looked into

MIB = 1024 * 1024
HEAD = 16 * 1024
TAIL = 40 * 1024
# What a fragmented clip may cost, whose index is spread over the file.
FRAGMENTS = 4 * MIB
TRIES = 3
PLAYED = {"h264"}
# 10 bits, 4:2:2 and 4:4:4: no browser decodes them.
UNPLAYED_PROFILES = ("High 10", "High 4:2:2", "High 4:4:4", "CAVLC 4:4:4")


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What is worked with: `threads` decode at once, and no more."""

    threads: int = field(default_factory=lambda: max(os.cpu_count() or 1, 1))
    index_bytes: int = 16 * MIB
    samples: int = 500_000
    side: int = 8192
    pixels: int = 50_000_000
    packet_bytes: int = 16 * MIB


@dataclass(frozen=True, slots=True)
class Properties:
    """What the index says: `duration` in seconds, `kbps` of 1000 bit/s over the whole file.

    `state` is whole, truncated (the end is missing, or not there yet) or broken, `detail` the reason.
    `created_at` is RFC 3339 as the container says. `playable` tells whether browsers play it.
    """

    state: str
    detail: str = ""
    codec: str | None = None
    profile: str | None = None
    duration: float | None = None
    kbps: float | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    created_at: str | None = None
    playable: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What a scan wants of a clip, from one opening of it."""

    properties: Properties
    thumbnail: bytes | None


@dataclass(frozen=True, slots=True)
class _Codec:
    name: str
    extradata: bytes | None


@dataclass(frozen=True, slots=True)
class _Index:
    """A clip's index: `keys` are the offsets and lengths of its key frames that are there."""

    properties: Properties
    codec: _Codec | None = None
    keys: Sequence[tuple[int, int]] = ()


class Media:
    """Reads clips, from any thread. What the file itself raises (CameraError and the like) passes through."""

    def __init__(self, limits: MediaLimits) -> None:
        self._limits = limits
        self._decoding = threading.BoundedSemaphore(limits.threads)

    def read(self, file: Readable, edge: int | None = None) -> Findings:
        """The properties and, with an edge in pixels, a thumbnail where one can be made."""
        view, index = self._open(file)
        if edge is None or not index.keys:
            return Findings(index.properties, None)
        picture = self._first(view, index)
        if picture is None:
            detail = index.properties.detail or "its pictures cannot be decoded"
            return Findings(replace(index.properties, state="broken", detail=detail), None)
        return Findings(index.properties, jpeg(picture, edge))

    def properties(self, file: Readable) -> Properties:
        """What the index says; a clip that has none is told so in `state`."""
        return self._open(file)[1].properties

    def thumbnail(self, file: Readable, edge: int) -> bytes:
        """The first key frame as a JPEG, its longer side `edge` pixels at most. Raises NoPicture."""
        return jpeg(self._picture(file), edge)

    def key_frame(self, file: Readable) -> bytes:
        """The first key frame as a JPEG in its own size. Raises NoPicture."""
        return jpeg(self._picture(file), None)

    def preview(self, file: Readable, frames: int, edge: int) -> bytes:
        """Key frames from all over the clip as a GIF that moves. Raises NoPicture."""
        view, index = self._open(file)
        count = min(frames, len(index.keys))
        spans = [index.keys[n * len(index.keys) // count] for n in range(count)]
        try:
            view.fetch(spans)
        except TooMuch:
            raise NoPicture("its pictures are too large") from None
        pictures = [self._decode(view.get(*span), index, edge) for span in spans]
        shown = [picture for picture in pictures if picture is not None]
        if not shown:
            raise NoPicture(index.properties.detail or "its pictures cannot be decoded")
        return gif(shown, edge)

    def _picture(self, file: Readable) -> Image:
        view, index = self._open(file)
        picture = self._first(view, index)
        if picture is None:
            raise NoPicture(index.properties.detail or "its pictures cannot be decoded")
        return picture

    def _first(self, view: RemoteView, index: _Index) -> Image | None:
        """The first of the key frames that can be decoded; where one cannot, the next ones rarely can."""
        for span in index.keys[:TRIES]:
            try:
                view.fetch([span])
                data = view.get(*span)
            except TooMuch:
                return None
            picture = self._decode(data, index, None)
            if picture is not None:
                return picture
        return None

    def _decode(self, data: bytes, index: _Index, edge: int | None) -> Image | None:
        if index.codec is None:
            return None
        with self._decoding:
            try:
                decoder = av.CodecContext.create(index.codec.name, "r")
                if not isinstance(decoder, av.VideoCodecContext):
                    return None
                decoder.extradata = index.codec.extradata
                decoder.thread_count = 1
                decoder.options = {"max_pixels": str(self._limits.pixels)}
                frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
                return _image(frames[0], edge) if frames else None
            except (av.FFmpegError, ValueError, MemoryError):
                return None

    def _open(self, file: Readable) -> tuple[RemoteView, _Index]:
        limits = self._limits
        if file.size == 0:
            return RemoteView(file, 0), _Index(Properties("truncated", "it is empty: nothing written yet"))
        view = RemoteView(file, HEAD + TAIL + limits.index_bytes + FRAGMENTS + 2 * limits.packet_bytes)
        try:
            view.fetch([(0, HEAD), (max(file.size - TAIL, HEAD), TAIL)])
            boxes = top_boxes(view.get, file.size)
            moov = next((box for box in boxes if box.kind == b"moov"), None)
            if moov is None:
                return view, _Index(
                    Properties("truncated", "it has no index: cut off, or still being written")
                )
            if moov.end > file.size:
                return view, _Index(Properties("truncated", "its index is cut off"))
            if moov.size > limits.index_bytes:
                raise BadIndex("its index is too large")
            view.fetch([(moov.offset, moov.size)])
            body = view.get(moov.offset + moov.header, moov.size - moov.header)
            check_index(body, IndexLimits(limits.index_bytes, limits.samples, limits.side, limits.pixels))
            return view, self._read_index(view, boxes)
        except (BadIndex, TooMuch) as problem:
            return view, _Index(Properties("broken", str(problem)))

    def _read_index(self, view: RemoteView, boxes: Sequence[Box]) -> _Index:
        whole = view.copy()
        for box in boxes:
            if box.kind not in {b"ftyp", b"moov", b"mdat", b"moof"}:
                whole.mask(box.offset + 4, b"free")
        if not any(box.kind == b"moof" for box in boxes):
            whole.seal()
        try:
            with av.open(
                whole, "r", format="mov", metadata_errors="replace",
                options={"max_streams": "16", "probesize": "65536", "analyzeduration": "0"},
            ) as container:  # fmt: skip
                return self._described(container, view.size, boxes)
        except (av.FFmpegError, ValueError, OverflowError, MemoryError):
            raise BadIndex("its index cannot be read") from None

    def _described(self, container: av.container.InputContainer, size: int, boxes: Sequence[Box]) -> _Index:
        if not container.streams.video:
            raise BadIndex("it has no pictures")
        stream = container.streams.video[0]
        context = cast("VideoCodecContext | None", stream.codec_context)  # None where FFmpeg has no decoder
        if context is None:
            raise BadIndex("its codec is not known")
        entries = [(e.pos, e.size, e.is_keyframe) for e in stream.index_entries]
        missing = any(box.end > size for box in boxes) or any(
            pos + length > size for pos, length, _ in entries
        )
        if stream.duration is not None and stream.time_base is not None:
            duration = float(stream.duration * stream.time_base)
        else:
            duration = (container.duration or 0) / av.time_base
        found = Properties(
            state="truncated" if missing else "whole",
            detail="its end is missing" if missing else "",
            codec=context.name,
            profile=context.profile,
            duration=round(duration, 3) or None,
            kbps=round(size * 8 / duration / 1000, 1) if duration > 0 and not missing else None,
            fps=round(float(stream.average_rate), 3) if stream.average_rate else None,
            width=context.width or None,
            height=context.height or None,
            frames=stream.frames or len(entries) or None,
            created_at=_created(container.metadata.get("creation_time")),
            playable=context.name in PLAYED and not (context.profile or "").startswith(UNPLAYED_PROFILES),
        )
        keys = [
            (pos, length)
            for pos, length, key in entries
            if key and 0 < length <= self._limits.packet_bytes and pos + length <= size
        ]
        return _Index(found, _Codec(context.name, context.extradata), keys)


def _image(frame: av.VideoFrame, edge: int | None) -> Image:
    width, height = size_within(frame.width, frame.height, edge)
    picture: Image = frame.to_image(width=width, height=height)  # type: ignore[no-untyped-call]
    return picture


def _created(said: str | None) -> str | None:
    """As RFC 3339; None where the camera left it at the beginning of its time (1904, 1970)."""
    try:
        moment = datetime.fromisoformat(said or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat().replace("+00:00", "Z") if moment.year > 1971 else None
