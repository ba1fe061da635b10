"""Real servers on real sockets, in threads of the test's own process."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo.ports import free_port
from gateway.app import create_app
from gateway.settings import GatewaySettings
from shared.web.serve import Application, DrainingServer, server_for

TOKEN = "token-between-services"
WAIT_SECONDS = 20.0


class Serving:
    """An app behind uvicorn, as `make run` serves it."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.port = app.state.settings.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: DrainingServer = server_for(app)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started or not self._thread.is_alive())
        assert self._server.started

    def begin_to_stop(self) -> None:
        """What a signal does."""
        self._server.handle_exit(15, None)
        self._server._captured_signals.clear()  # not to be raised again in the tests' own process

    def stop(self) -> None:
        """End it, and wait for that."""
        if self._thread.is_alive():
            self.begin_to_stop()
            self.join()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()


GatewayTo = Callable[..., tuple[Serving, str]]  # an imagestore's address and settings; with the admin key


class Background:
    """An event loop in a thread, for what is not a uvicorn app."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Any) -> Any:
        """The result of a coroutine."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_SECONDS)

    def stop(self) -> None:
        """End the loop with all its tasks."""

        async def cancel_all() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(WAIT_SECONDS)
        self.loop.close()


def wait_until(condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    """Return when the condition holds; fails the test when it does not in that time."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        waiting.wait(0.01)
    raise AssertionError("waited in vain")


def gateway_settings(folder: Path, **given: Any) -> GatewaySettings:
    """Settings of a gateway for tests: its own folder and port, no limit of rates unless given."""
    values: dict[str, Any] = {
        "data_dir": folder,
        "port": free_port(),
        "service_token": TOKEN,
        "access_log": False,
        "service_urls": {},
        "requests_per_second": 0,
        "drain_seconds": 3,
        **given,
    }
    return GatewaySettings(**values)


def serve_gateway(folder: Path, **given: Any) -> Serving:
    """A gateway that runs."""
    return Serving(create_app(gateway_settings(folder, **given)))


def admin_key(folder: Path) -> str:
    """The key that the gateway's first start made."""
    return (folder / "admin.key").read_text().strip()
