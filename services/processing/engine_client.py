"""The connection to Dask's scheduler: the only module of the service itself that imports Dask.

Dask takes 35 MiB, so the dispatcher imports this when there is work for the first time.
"""

import asyncio
from contextlib import suppress
from typing import Any

from distributed import Client
from distributed.client import FutureCancelledError
from distributed.security import Security

from services.processing.embedded import Tls
from services.processing.worker import Batch, Outcome, run_batch

CLOSE_SECONDS = 1.0
__all__ = ["Client", "FutureCancelledError", "connected", "let_go", "outcomes", "submit", "unconnected"]


def unconnected(address: str, tls: Tls | None, seconds: float) -> Client:
    """A client that is yet to be connected; it has to be let go even if it never is. Raises ValueError."""
    security = None
    if tls is not None:
        security = Security(
            tls_ca_file=str(tls.ca),
            tls_client_cert=tls.cert and str(tls.cert),
            tls_client_key=tls.key and str(tls.key),
            require_encryption=True,
        )
    return Client(address, asynchronous=True, set_as_default=False, timeout=seconds, security=security)


async def connected(client: Client) -> None:
    """Connect it. Raises OSError, TimeoutError."""
    await client
    await client.run_on_scheduler(_no_second_tries)


def submit(client: Client, batch: Batch, key: str, worker: str) -> Any:
    """The future of a batch that is given to this worker and to no other."""
    return client.submit(run_batch, batch, key=key, workers=[worker], allow_other_workers=False, pure=False)


async def outcomes(future: Any) -> list[Outcome] | BaseException:
    """What the batch brought, or the exception that it ended by, Dask's own kind of cancellation too."""
    try:
        found: list[Outcome] = await future
    except FutureCancelledError as cancelled:
        return cancelled
    except Exception as error:  # noqa: BLE001 - the caller tells them apart
        return error
    return found


async def let_go(client: Client) -> None:
    """Close it, in a task of its own: Dask, while it closes, takes its caller's cancellation for its own."""
    closing = asyncio.create_task(_close(client))
    await asyncio.wait({closing}, timeout=2 * CLOSE_SECONDS)
    closing.cancel()


async def _close(client: Client) -> None:
    with suppress(OSError, TimeoutError):
        await client.close(timeout=CLOSE_SECONDS)


def _no_second_tries(dask_scheduler: Any) -> None:
    """On the scheduler: a worker's death is told at once."""
    dask_scheduler.allowed_failures = 0
