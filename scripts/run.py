"""Runs the stack: `python -m scripts.run`. Everything in the Procfile is started, watched and ended here.

honcho reads the Procfile; its own process loop ends all processes when one dies, and here a service that
dies is started again.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TextIO

from scripts import preflight
from scripts.stack_settings import StackError, StackSettings
from scripts.supervisor import Supervisor

ROOT = Path(__file__).resolve().parent.parent
SECOND_WISH_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Run until Ctrl+C, SIGTERM or the end of the terminal; 1 with one sentence when that cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m scripts.run", description=__doc__)
    parser.add_argument("--procfile", type=Path, default=ROOT / "Procfile")
    options = parser.parse_args(arguments)
    try:
        settings = StackSettings.load(ROOT, options.procfile, os.environ)
        preflight.check_data_folder(settings.data)
        with preflight.lock_data_folder(settings.data, settings.stop_seconds + 2) as lock:
            preflight.check_ports(settings.services)
            token = preflight.service_token(settings.data)
            asyncio.run(_run(settings.with_token(token), lock.fileno()))
    except StackError as error:
        _say(str(error), to=sys.stderr)
        return 1
    except OSError as error:
        _say(f"{error.strerror}: {error.filename}", to=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(settings: StackSettings, lock: int) -> None:
    supervisor = Supervisor(settings, ROOT, lock, _say)
    stop = asyncio.Event()

    loop = asyncio.get_running_loop()
    asked_at = 0.0

    def asked_to_stop(number: signal.Signals) -> None:
        nonlocal asked_at
        if not stop.is_set():
            asked_at = loop.time()
            _say("\nStopping ...")
            stop.set()
        # make passes a signal on that the terminal has sent to both: that is no second wish
        elif number == signal.SIGINT and loop.time() - asked_at > SECOND_WISH_SECONDS:
            supervisor.kill()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup means that the end of the terminal does not matter
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, asked_to_stop, number)
    await supervisor.run(lambda: _say(f"Darkroom is ready: {address(settings)}"), stop)


def _say(line: str, to: TextIO | None = None) -> None:
    """One line to the user; a terminal or pipe that is gone stops nothing."""
    with contextlib.suppress(OSError):
        print(line, file=to or sys.stdout, flush=True)


def address(settings: StackSettings) -> str:
    """Where to open Darkroom, with the admin key when one is needed."""
    gateway = next((one for one in settings.services if one.name == "gateway"), settings.services[0])
    host = f"[{gateway.reached_at}]" if ":" in gateway.reached_at else gateway.reached_at
    place = f"http://{host}:{gateway.port}/"
    key = Path(settings.environment.get("DARKROOM_GATEWAY_ADMIN_KEY_FILE") or settings.data / "admin.key")
    if settings.environment.get("DARKROOM_AUTH", "").lower() == "off" or not key.exists():
        return place
    return f"{place}#key={key.read_text().strip()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
