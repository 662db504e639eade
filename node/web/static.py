"""The files that pages load: read once, named by what they hold, served from memory.

`/static/VERSION/NAME` may be kept by browsers for ever, since another content has another VERSION; the whole
directory has one, so that relative addresses in a style sheet lead to the same version. `/static/NAME`
is always the newest and is asked for again each time.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

__all__ = ["FILES", "STATIC_DIR", "ForeverFiles", "StaticFile", "read_files"]

STATIC_DIR = Path(__file__).parent / "static"
"""What is served under `/static/`."""

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Kinds of files that are served; others in the directory, such as its README, are not."""

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file, plain and (where that is shorter) compressed. `tag` is its entity tag, quotes included."""

    body: bytes
    squeezed: bytes | None
    media_type: str
    tag: str


def read_files(directory: Path) -> dict[str, StaticFile]:
    """Every file under `directory` that may be served, by its name relative to it (`vendor/htmx.min.js`)."""
    files = {}
    for path in sorted(directory.rglob("*")):
        media_type = MEDIA_TYPES.get(path.suffix)
        if media_type is not None and path.is_file():
            body = path.read_bytes()
            squeezed = gzip.compress(body, 9, mtime=0)
            digest = hashlib.sha256(body).hexdigest()[:16]
            shorter = squeezed if len(squeezed) < len(body) else None
            files[path.relative_to(directory).as_posix()] = StaticFile(
                body, shorter, media_type, f'"{digest}"'
            )
    return files


class ForeverFiles:
    """An ASGI application for a set of files; mounted where `prefix` says."""

    def __init__(self, files: Mapping[str, StaticFile], prefix: str = "/static") -> None:
        self._files = dict(files)
        self._prefix = prefix
        tags = "".join(f"{name}{file.tag}" for name, file in sorted(self._files.items()))
        self.version = hashlib.sha256(tags.encode()).hexdigest()[:12]

    def address(self, name: str) -> str:
        """Where a page finds this file. Raises: KeyError for one that is not there."""
        if name not in self._files:
            raise KeyError(f"no file {name} is served")
        return f"{self._prefix}/{self.version}/{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"allow": "GET, HEAD"})
        path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        versioned, _, rest = path.partition("/")
        is_versioned = versioned == self.version
        file = self._files.get(rest if is_versioned else path)
        if file is None:
            raise HTTPException(404)
        await _answer(scope, file, FOR_EVER if is_versioned else ASK_AGAIN)(scope, receive, send)


def _answer(scope: Scope, file: StaticFile, keep: str) -> Response:
    asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
    headers = {"cache-control": keep, "etag": file.tag, "vary": "accept-encoding"}
    headers["cross-origin-resource-policy"] = "same-origin"
    if file.tag in asked.get(b"if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = file.body
    if file.squeezed is not None and _takes_gzip(asked.get(b"accept-encoding", "")):
        body = file.squeezed
        headers["content-encoding"] = "gzip"
    if scope["method"] == "HEAD":
        headers["content-length"] = str(len(body))
        body = b""
    return Response(body, headers=headers, media_type=file.media_type)


def _takes_gzip(accept_encoding: str) -> bool:
    """Whether gzip is named, and not refused (RFC 9110 §12.5.3)."""
    for part in accept_encoding.split(","):
        coding, _, weight = part.partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


FILES = ForeverFiles(read_files(STATIC_DIR))
"""What our own pages load; it travels with the package, and does not change while that runs."""
