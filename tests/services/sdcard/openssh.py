"""OpenSSH as a camera: see demo.openssh."""

from demo.openssh import MISSING, OpenSsh

__all__ = ["MISSING", "OpenSsh"]
