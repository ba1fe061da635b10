"""OpenSSH as a camera: see demo.openssh."""

from demo.openssh import MISSING, OpenSsh, free_port

__all__ = ["MISSING", "OpenSsh", "free_port"]
