"""What can be wrong with a camera: each state with a code of its own, for people and for programs.

CameraError                       anything that is the camera's state; its `code` is that state
  HostNotAllowed 403              the host lies outside the networks of cameras: nothing was connected to
  HostKeyUnknown 409              nobody has accepted its key yet
  HostKeyChanged 409              it shows another key than the one that was accepted
  WrongCredentials 409            it does not let us in with this user and password or key
  NoCard 409                      it answers, and there is no folder at the card's path
  CameraRefused 503               it is there, and nothing listens: off, or still starting
  CameraUnreachable 503           no such name, no route, or the connection broke
  CameraTimeout 504               it does not answer in time
  CameraSlow 504                  it answers, and too slowly to be waited for
  TooManyConnects 429             connected to too often in the last minute
  CameraBusy 503                  as much is asked of it at the moment as it is allowed to be
  CameraWithoutSftp 503           it has SSH, and no SFTP
  CameraIncompatible 503          there is no algorithm that both sides have
  CameraFailed 503                it said that something went wrong there
RemoteNotFound 404                there is no such file (any more)
RemoteDenied 403                  the camera's user may not read it
RemoteTooLarge 422                larger than what is read of such a file
RemoteChanged 409                 it became shorter while it was read
NotAFile 422                      a folder, a link or a device
ListingTooLong 422                more entries than are listed in one piece: list it by pages
InvalidPrivateKey 422             what was given is not a private key that can be used
NoPicture 422                     the clip has no key frame that can be shown
InvalidClipId 422                 nothing that was made by card.clip_id
"""

from shared.errors import (
    Conflict,
    DarkroomError,
    Forbidden,
    NotFound,
    TooManyRequests,
    Unavailable,
    Unprocessable,
    UpstreamTimeout,
)


class CameraError(DarkroomError):
    """A state of a camera, in which nothing can be had from it."""

    def again(self) -> "CameraError":
        """The same, to be raised for another caller."""
        return type(self)(self.detail, code=self.code, headers=self.headers, **self.extra)


class HostNotAllowed(CameraError, Forbidden):
    """Raised before any connection."""

    code = "camera_host_not_allowed"
    title = "This host is in no network of cameras"


class HostKeyUnknown(CameraError, Conflict):
    """Members `fingerprint` (SHA256:...) and `key_type`."""

    code = "host_key_unknown"
    title = "The camera's key has not been accepted yet"


class HostKeyChanged(CameraError, Conflict):
    """Members `fingerprint`, `key_type` and `accepted`, the key that it should be."""

    code = "host_key_changed"
    title = "The camera's key is not the one that was accepted"


class WrongCredentials(CameraError, Conflict):
    """Neither password nor key is right, or there is none."""

    code = "wrong_credentials"
    title = "The camera does not let us in"


class NoCard(CameraError, Conflict):
    """There is no folder where the card should be."""

    code = "no_card"
    title = "There is no card in the camera"


class CameraRefused(CameraError, Unavailable):
    """Its address answers, and nothing listens at the port."""

    code = "camera_refused"
    title = "Nothing listens there"


class CameraUnreachable(CameraError, Unavailable):
    """No such name, no route, or a connection that broke."""

    code = "camera_unreachable"
    title = "The camera cannot be reached"


class CameraTimeout(CameraError, UpstreamTimeout):
    """Silence for longer than the deadline."""

    code = "camera_timeout"
    title = "The camera does not answer"


class CameraSlow(CameraError, UpstreamTimeout):
    """Something comes, and less of it than can be worked with."""

    code = "camera_slow"
    title = "The camera answers too slowly"


class TooManyConnects(CameraError, TooManyRequests):
    """Retry-After says when the next connection is allowed."""

    code = "too_many_connects"
    title = "This camera has been connected to too often"


class CameraBusy(CameraError, Unavailable):
    """As many operations as one camera may have are under way."""

    code = "camera_busy"
    title = "Too much is asked of this camera at the moment"


class CameraWithoutSftp(CameraError, Unavailable):
    """SSH works, and the SFTP subsystem does not start."""

    code = "camera_without_sftp"
    title = "The camera has no SFTP"


class CameraIncompatible(CameraError, Unavailable):
    """No common algorithm, or no SSH server at all."""

    code = "camera_incompatible"
    title = "The camera speaks no SSH that we speak"


class CameraFailed(CameraError, Unavailable):
    """The camera's own failure, in its words."""

    code = "camera_failed"
    title = "Something went wrong in the camera"


class RemoteNotFound(NotFound):
    """There is no such file."""

    code = "remote_not_found"
    title = "The card has no such file"


class RemoteDenied(Forbidden):
    """The camera's user may not read it."""

    code = "remote_permission_denied"
    title = "The camera does not let us read this"


class RemoteTooLarge(Unprocessable):
    """A small file was expected."""

    code = "remote_too_large"
    title = "This file is too large to be read whole"


class RemoteChanged(Conflict):
    """The file became shorter while it was read."""

    code = "remote_changed"
    title = "The file changed while it was read"


class NotAFile(Unprocessable):
    """A folder, a link or a device."""

    code = "not_a_file"
    title = "This is not a file"


class ListingTooLong(Unprocessable):
    """More entries than are listed in one piece."""

    code = "listing_too_long"
    title = "This folder holds too many files for one list"


class InvalidPrivateKey(Unprocessable):
    """Not a key that can be used: another format, or with a passphrase."""

    code = "invalid_private_key"
    title = "This private key cannot be used"


class NoPicture(Unprocessable):
    """No key frame that can be decoded."""

    code = "no_picture"
    title = "This clip has no picture that can be shown"


class InvalidClipId(Unprocessable):
    """Not an id that stands for a file of a card."""

    code = "invalid_clip_id"
    title = "This is not the id of a clip"
