"""The files of the user interface and of /docs, with what a browser may do with them."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from anyio import to_thread
from fastapi import APIRouter, FastAPI, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.packed import CODINGS, codings_taken
from gateway.settings import GatewaySettings, is_loopback
from shared.contracts.access import SAFE_METHODS

BUILT = Path(__file__).parent / "web" / "dist"
PAGES = Path(__file__).parent / "pages"
OWN_DOCS = ("docs.css", "docs.js")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; media-src 'self' blob:; worker-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Swagger UI sets style attributes and has its pictures as data: addresses in its style sheet.
DOCS_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
NO_CACHE = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"  # names under /assets hold a digest of the content


class PageHeaders:
    """What every file of a page is sent with."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def of(self, scope: Scope, policy: str, caching: str = NO_CACHE) -> dict[str, str]:
        """The headers of an answer to the request."""
        headers = {
            "Content-Security-Policy": policy,
            "Cache-Control": caching,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        # Browsers take it from https and from their own machine, and complain of it anywhere else.
        if self._secure or is_loopback(_host_of(scope)):
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return headers


class BuiltFiles(StaticFiles):
    """What the build made, found at start or later: `make run` may build while we run."""

    def __init__(self, built: Path, headers: PageHeaders) -> None:
        super().__init__(directory=built, check_dir=False)
        self._headers = headers

    async def check_config(self) -> None:
        """Nothing to check: before the build there is no folder, and no file in it is found."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; what is under /assets never changes."""
        if path.endswith(tuple(CODINGS.values())):
            raise HTTPException(status_code=404)
        response = await self._packed(path, scope) or await super().get_response(path, scope)
        caching = FOR_EVER if path.startswith("assets/") else NO_CACHE
        policy = DOCS_POLICY if path.startswith("docs/") else PAGE_POLICY
        if response.status_code < 400:
            response.headers.update(self._headers.of(scope, policy, caching))
            response.headers.add_vary_header("Accept-Encoding")
        return response

    async def _packed(self, path: str, scope: Scope) -> Response | None:
        """The file as the build packed it, where it did and the browser takes that; its ETag is its own."""
        for coding in codings_taken(Headers(scope=scope).get("accept-encoding", "")):
            found, about = await to_thread.run_sync(self.lookup_path, path + CODINGS[coding])
            if about is not None and scope["method"] in SAFE_METHODS:
                response = self.file_response(found, about, scope)
                response.headers["Content-Encoding"] = coding
                return response
        return None


def docs_router(settings: GatewaySettings) -> APIRouter:
    """`/docs` and what is ours of it; Swagger UI itself comes with the built files."""
    router = APIRouter(include_in_schema=False)
    names = list(settings.upstreams)
    headers = PageHeaders(secure=settings.secure)

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        return FileResponse(PAGES / "docs.html", headers=headers.of(request.scope, DOCS_POLICY))

    @router.get("/docs/documents.json")
    async def documents(request: Request) -> Response:
        listed = [{"name": "all of Darkroom", "url": "/openapi.json"}]
        listed += [{"name": name, "url": f"/api/{name}/openapi.json"} for name in names]
        return JSONResponse(listed, headers=headers.of(request.scope, DOCS_POLICY))

    for name in OWN_DOCS:
        router.add_api_route(f"/docs/{name}", _file(PAGES / name, headers), methods=["GET", "HEAD"])
    return router


def add_site(app: FastAPI, built: Path = BUILT, *, secure: bool = False) -> None:
    """Serve the built page at the root; a plain page that says how to build it where it is not."""
    headers = PageHeaders(secure=secure)
    files = BuiltFiles(built, headers)

    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        if (built / "index.html").is_file():
            return await files.get_response("index.html", request.scope)
        return FileResponse(PAGES / "unbuilt.html", headers=headers.of(request.scope, PAGE_POLICY))

    app.mount("/", files)


def _file(path: Path, headers: PageHeaders) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        return FileResponse(path, headers=headers.of(request.scope, DOCS_POLICY))

    return serve


def _host_of(scope: Scope) -> str:
    """The name in the Host header, without port and brackets."""
    host = Headers(scope=scope).get("host", "")
    return (host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]).strip("[]")
