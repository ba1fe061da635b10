"""The SD-card browser's typed client."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from shared.clients.base import ServiceClient
from shared.contracts.jobs import JobView
from shared.contracts.pages import Page
from shared.contracts.sdcard import (
    Camera,
    CameraChange,
    CameraState,
    CardDates,
    CardHours,
    Clip,
    Clips,
    NewCamera,
    NewCopy,
    NewScan,
    Quality,
    StepName,
    Usage,
)

PAGE = 1000
WAIT = 20.0


class SdcardClient(ServiceClient):
    """Calls of the SD-card browser. All raise ProblemAnswer for refusals, and httpx2.TransportError."""

    async def cameras(self) -> AsyncIterator[CameraState]:
        """Every camera of the registry, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": PAGE, **({"cursor": cursor} if cursor else {})}
            page = await self.get(Page[CameraState], "/v1/cameras", params=params)
            for camera in page.items:
                yield camera
            cursor = page.next_cursor

    async def add(self, new: NewCamera) -> Camera:
        """A camera by hand."""
        answer = await self.request("POST", "/v1/cameras", json=_plain(new))
        return Camera.model_validate_json(answer.content)

    async def camera(self, camera_id: str, wait: float = 0.0) -> CameraState:
        """Online or why not; `wait` is how many seconds the camera may take to be asked."""
        return await self.get(CameraState, f"/v1/cameras/{camera_id}", params={"wait": wait})

    async def change(self, camera_id: str, wanted: CameraChange) -> Camera:
        """Change what is set in `wanted`."""
        answer = await self.request("PATCH", f"/v1/cameras/{camera_id}", json=_plain(wanted))
        return Camera.model_validate_json(answer.content)

    async def delete(self, camera_id: str) -> None:
        """Forget a camera."""
        await self.request("DELETE", f"/v1/cameras/{camera_id}")

    async def accept_key(self, camera_id: str, fingerprint: str) -> Camera:
        """Trust the key that the camera showed last."""
        body = {"fingerprint": fingerprint}
        answer = await self.request("POST", f"/v1/cameras/{camera_id}/host-key", json=body)
        return Camera.model_validate_json(answer.content)

    async def dates(self, camera_id: str, wait: float = 0.0) -> CardDates:
        """The dates of the card, as last listed."""
        return await self.get(CardDates, f"/v1/cameras/{camera_id}/dates", params={"wait": wait})

    async def hours(self, camera_id: str, date: str, wait: float = 0.0) -> CardHours:
        """The hours of a date."""
        return await self.get(CardHours, f"/v1/cameras/{camera_id}/dates/{date}", params={"wait": wait})

    async def clips(self, camera_id: str, date: str, hour: int | None = None) -> AsyncIterator[Clip]:
        """The files of a date or an hour, newest first."""
        query: dict[str, Any] = {"limit": PAGE} | ({} if hour is None else {"hour": hour})
        cursor: str | None = ""
        while cursor is not None:
            params = {**query, **({"cursor": cursor} if cursor else {})}
            page = await self.get(Clips, f"/v1/cameras/{camera_id}/dates/{date}/clips", params=params)
            for clip in page.items:
                yield clip
            cursor = page.next_cursor

    async def clip(self, camera_id: str, clip_id: str) -> Clip:
        """A clip with its properties."""
        return await self.get(Clip, f"/v1/cameras/{camera_id}/clips/{clip_id}")

    async def content(self, camera_id: str, clip_id: str) -> bytes:
        """The whole clip."""
        return (await self.request("GET", f"/v1/cameras/{camera_id}/clips/{clip_id}/content")).content

    async def thumbnail(self, camera_id: str, clip_id: str) -> bytes:
        """A small JPEG of its first key frame."""
        return (await self.request("GET", f"/v1/cameras/{camera_id}/clips/{clip_id}/thumbnail.jpg")).content

    async def scan(self, camera_id: str, wanted: NewScan) -> JobView:
        """Begin to read what is in the clips."""
        answer = await self.request("POST", f"/v1/cameras/{camera_id}/scans", json=wanted.model_dump())
        return JobView.model_validate_json(answer.content)

    async def copy(self, camera_id: str, clips: Sequence[str], tags: Sequence[str] = ()) -> JobView:
        """Begin to copy key frames into the image store."""
        body = NewCopy(clips=list(clips), tags=list(tags)).model_dump()
        answer = await self.request("POST", f"/v1/cameras/{camera_id}/copies", json=body)
        return JobView.model_validate_json(answer.content)

    async def job(self, job_id: int, wait: float = 0.0) -> JobView:
        """A job; with `wait`, once it has ended or so many seconds are over."""
        return await self.get(JobView, f"/v1/jobs/{job_id}", params={"wait": wait})

    async def finished(self, job: JobView) -> JobView:
        """The job, once it has ended."""
        while job.state in ("waiting", "running"):
            job = await self.job(job.id, WAIT)
        return job

    async def usage(self, camera_id: str, by: StepName = "hour", date: str | None = None) -> Usage:
        """How much was recorded when."""
        params = {"by": by, **({} if date is None else {"date": date})}
        return await self.get(Usage, f"/v1/cameras/{camera_id}/usage", params=params)

    async def quality(self, camera_id: str, date: str | None = None) -> Quality:
        """How good the recordings are, and what is missing."""
        params = {} if date is None else {"date": date}
        return await self.get(Quality, f"/v1/cameras/{camera_id}/quality", params=params)


def _plain(body: CameraChange) -> dict[str, Any]:
    """What was set, with the secrets spelt out: this is their only way out of the program."""
    given = body.model_dump(exclude_unset=True)
    for name in ("password", "private_key"):
        if given.get(name) is not None:
            given[name] = given[name].get_secret_value()
    return given
