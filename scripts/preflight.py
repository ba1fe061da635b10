"""What is checked before anything starts: the data folder, its lock, the ports."""

import errno
import fcntl
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from scripts.stack_settings import Service, StackError


def check_data_folder(data: Path) -> None:
    """Make the folder, and a file in it. Raises StackError when that cannot be done."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise StackError(
            f"The data folder {data} cannot be written ({error.strerror});"
            " DARKROOM_DATA_DIR names another one."
        ) from None


def lock_data_folder(data: Path, leftover_seconds: float) -> IO[str]:
    """Take the data folder for this run; the lock lives as long as the file returned is open.

    Raises StackError when another run has it. When that run's own process is gone, its services are
    being ended by its guard: that is waited for, up to `leftover_seconds`.
    """
    lock = (data / "run.lock").open("a+")
    end = time.monotonic() + leftover_seconds
    told = False
    while not _try_lock(lock):
        lock.seek(0)
        holder = lock.read().strip()
        if _lives(holder) or time.monotonic() > end:
            raise StackError(
                f"Another Darkroom (process {holder or 'unknown'}) runs on the data folder {data};"
                " DARKROOM_DATA_DIR names another one."
            )
        if not told:
            print("A Darkroom that was killed is still ending on this data folder; waiting ...", flush=True)
            told = True
        time.sleep(0.1)
    lock.seek(0)
    lock.truncate()
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def check_ports(services: Sequence[Service]) -> None:
    """Raise StackError, one sentence a line, when ports are doubled, taken or not to be had."""
    wrong = []
    seen: dict[int, Service] = {}
    for service in services:
        twin = seen.setdefault(service.port, service)
        if twin is not service:
            wrong.append(
                f"{twin.port_setting} and {service.port_setting} are both {service.port};"
                " each needs a port of its own."
            )
        elif problem := _port_problem(service):
            wrong.append(problem)
    if wrong:
        raise StackError("\n".join(wrong))


def service_token(data: Path) -> str:
    """The secret that the services of this data folder share, made at the first start (mode 0600)."""
    path = data / "service.token"
    if not path.exists():
        # written whole under another name: a run that is killed here leaves no half token
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(descriptor)
        fresh.rename(path)
    return path.read_text().strip()


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(holder: str) -> bool:
    if not holder.isdigit():
        return True  # it has the lock and has not written its number yet
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _port_problem(service: Service) -> str:
    family = socket.AF_INET6 if ":" in service.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # as the servers do: connections of a former run that linger do not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((service.host, service.port))
        except socket.gaierror:
            return f"{service.host_setting} is {service.host!r}, which is no address of this machine."
        except OSError as error:
            return _bind_problem(service, error)
    return ""


def _bind_problem(service: Service, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {service.port} for {service.name} is taken; {service.port_setting} sets another one."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{service.host_setting} is {service.host!r}, which is no address of this machine."
    where = f"{service.host}:{service.port}"
    return f"{service.name} cannot listen on {where} ({error.strerror}); see {service.port_setting}."
