"""The image store protocol's other half: its three commands as calls of the image store."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from gateway.legacy.figures import Figures
from gateway.legacy.imagestore import (
    LISTING_BYTES,
    ListRequest,
    RequestDecoder,
    ReturnRequest,
    SaveData,
    SaveEnd,
    SaveRequest,
    encode_listing,
    encode_return_header,
)
from gateway.legacy.peer import Peer
from gateway.legacy.services import FAILURES, Services, reason
from gateway.legacy.settings import Limits
from shared.clients.imagestore import ImageStoreClient
from shared.logging import get_logger

PROTOCOL = "imagestore"
IN_MEMORY = 1024 * 1024  # bytes of a file that is coming; a larger one is on the disk until it is whole
PIECE = 256 * 1024
LISTED_AT_ONCE = 200  # names asked for at a time: about as many as fit into a listing
log = get_logger("legacy")


class Unfinished(Exception):
    """Raised when the client ends before its file is whole: nothing is stored then."""


class ImageStoreAdapter:
    """One command a connection; there is no error reply, so failures close it and are logged."""

    def __init__(self, services: Services, limits: Limits, figures: Figures, folder: Path) -> None:
        self._services = services
        self._limits = limits
        self._figures = figures
        self._folder = folder

    def decoder(self) -> RequestDecoder:
        """For a new client."""
        return RequestDecoder(self._limits.frame, self._limits.header)

    async def serve(self, peer: Peer) -> None:
        """Do the one command; the server closes the connection then. Raises ProtocolError."""
        client = self._services.imagestore(peer.address)
        request = await peer.message()
        if request is None:
            return
        self._figures.messages.labels(PROTOCOL, type(request).__name__).inc()
        began = asyncio.get_running_loop().time()
        try:
            if isinstance(request, SaveRequest):
                await self._save(client, peer, request)
            elif isinstance(request, ReturnRequest):
                await self._return(client, peer, request)
            elif isinstance(request, ListRequest):
                peer.write(encode_listing(await newest_names(client)))
        except Unfinished:
            peer.name_end("unfinished")
        except (*FAILURES, OSError) as error:
            self._figures.failures.labels(PROTOCOL).inc()
            peer.name_end("failed")
            log.warning(
                "refused", protocol=PROTOCOL, address=peer.address, request=repr(request), why=reason(error)
            )
        seconds = asyncio.get_running_loop().time() - began
        self._figures.seconds.labels(PROTOCOL, type(request).__name__).observe(seconds)

    async def _save(self, client: ImageStoreClient, peer: Peer, request: SaveRequest) -> None:
        """Store the file once it is whole: what it waits for meanwhile is the client alone.

        Raises Unfinished, OSError, and what the call may raise.
        """
        with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self._folder)) as file:
            while not isinstance(message := await peer.message(), SaveEnd):
                if not isinstance(message, SaveData):
                    raise Unfinished
                file.write(message.data)  # to the page cache, which does not wait for the disk
            file.seek(0)
            if request.size <= IN_MEMORY:
                await client.put(request.name, file.read())
            else:
                await client.put(request.name, pieces(file), size=request.size)

    async def _return(self, client: ImageStoreClient, peer: Peer, request: ReturnRequest) -> None:
        """The bytes are all here before the header goes out, so no half of them is ever sent."""
        content = await client.content(request.name)
        await peer.send(encode_return_header(request.name, len(content)))
        await peer.flush()
        # the client's first read must hold the header and nothing else
        await asyncio.sleep(self._limits.pause)
        await peer.send(content)


async def pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file from where it stands."""
    while piece := file.read(PIECE):
        yield piece


async def newest_names(client: ImageStoreClient) -> list[str]:
    """Names, newest first, of which at least as many as one listing holds.

    A name with a comma in it cannot be asked for in this protocol, so it is not offered.
    """
    names: list[str] = []
    size = 0
    async for image in client.images(sort="-created_at", page=LISTED_AT_ONCE):
        if "," not in image.name:
            names.append(image.name)
            size += len(repr(image.name).encode()) + 2
        if size > LISTING_BYTES:
            break
    return names
