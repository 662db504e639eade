"""Files that owners send: a table of goods, a backup. Bounded, straight to disk, gone with the answer.

Only screens that name `upload_bytes` take them, and only from whoever is let in.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from node.domain.pictures import ICON, IN_POSTS, MOST_IN_A_POST
from node.web.fields import Typed, UploadedFile
from node.web.forms import FORM_BYTES, MOST_FIELDS, BadForm

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["IMPORT_BYTES", "PICTURES_BYTES", "PLACES", "PORTRAIT_BYTES", "RESTORE_BYTES", "Place", "Uploads"]

IMPORT_BYTES = 5 * 1024 * 1024
PICTURES_BYTES = MOST_IN_A_POST * IN_POSTS.bytes_in
PORTRAIT_BYTES = ICON.bytes_in
RESTORE_BYTES = 1024 * 1024 * 1024

_MOST_FILES = 4
_OVERHEAD_BYTES = FORM_BYTES
_BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Paths under which larger bodies come in than elsewhere: how large, and how long one may take."""

    prefix: str
    body_bytes: int
    body_s: float


PLACES = (
    Place("/setup/restore", RESTORE_BYTES + _OVERHEAD_BYTES, 900.0),
    Place("/setup/", IMPORT_BYTES + _OVERHEAD_BYTES, 120.0),
    Place("/my/posts/", PICTURES_BYTES + _OVERHEAD_BYTES, 300.0),
    Place("/my/settings/picture", PORTRAIT_BYTES + _OVERHEAD_BYTES, 120.0),
    Place("/my/", IMPORT_BYTES + _OVERHEAD_BYTES, 120.0),
)
"""The first that fits decides. What a screen takes in fact it says itself; this is the door's bound."""


@dataclass(slots=True)
class _Part:
    """One part as it comes in: `name` once its head is read, `file` where it is one."""

    head: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    filename: str | None = None
    data: bytearray = field(default_factory=bytearray)
    path: Path | None = None
    size_bytes: int = 0


class Uploads:
    """Reads one multipart form, its files into `directory`, where they are removed in the end.

    Use: `async with Uploads(directory) as uploads: typed = await uploads.read(…)`
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._parts: list[_Part] = []
        self._part = _Part()
        self._label = b""
        self._value = b""
        self._text_bytes = 0
        self._is_whole = False
        self._unwritten = 0

    async def __aenter__(self) -> Uploads:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in [*self._parts, self._part]:
            if part.path is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.Path(part.path).unlink(missing_ok=True)

    async def read(self, content_type: str, stream: AsyncIterator[bytes], *, most_bytes: int) -> Typed | None:
        """What was typed, with the files; None where it is more than `most_bytes`, of which nothing is kept.

        Raises: BadForm.
        Spec:   RFC 7578.
        """
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        total = 0
        try:
            if not boundary:
                raise BadForm("there is no boundary")
            parser = MultipartParser(boundary, self._callbacks())
            async for chunk in stream:
                total += len(chunk)
                if total > most_bytes + _OVERHEAD_BYTES:
                    return None
                parser.write(chunk)
                if self._unwritten >= _BUFFER_BYTES:
                    await run_sync(self._write)
            await run_sync(self._write)
        except FormParserError:
            raise BadForm("this is no form") from None
        if not self._is_whole:
            raise BadForm("the form was cut short")
        if any(part.size_bytes > most_bytes for part in self._parts):
            return None
        return self._typed()

    def _typed(self) -> Typed:
        pairs, files = [], {}
        for part in self._parts:
            if part.path is None:
                try:
                    pairs.append((part.name, part.data.decode()))
                except UnicodeDecodeError:
                    raise BadForm("this is no UTF-8") from None
            elif part.filename or part.size_bytes:
                if part.name in files:
                    raise BadForm("one file is taken at a time")
                files[part.name] = UploadedFile(part.filename or "", part.path, part.size_bytes)
        return Typed(Typed.of(pairs).by_name, MappingProxyType(files))

    # --- the parser's callbacks ---------------------------------------------------------------------------

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._take_label,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_head,
            "on_part_data": self._take_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self._parts) >= MOST_FIELDS:
            raise BadForm("there are too many fields")
        self._part = _Part()

    def _take_label(self, data: bytes, start: int, end: int) -> None:
        self._label += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._part.head[self._label.lower()] = self._value
        self._label = self._value = b""

    def _end_head(self) -> None:
        _, options = parse_options_header(self._part.head.get(b"content-disposition", b""))
        try:
            self._part.name = options[b"name"].decode()
            filename = options.get(b"filename")
            self._part.filename = filename.decode()[:200] if filename is not None else None
        except (KeyError, UnicodeDecodeError):
            raise BadForm("a part has no name") from None
        if self._part.filename is not None:
            if sum(part.path is not None for part in self._parts) >= _MOST_FILES:
                raise BadForm("there are too many files")
            descriptor, name = tempfile.mkstemp(".upload", ".", self._directory)
            os.close(descriptor)
            self._part.path = Path(name)

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        size = end - start
        self._part.data += data[start:end]
        self._part.size_bytes += size
        if self._part.path is not None:
            self._unwritten += size
            return
        self._text_bytes += size
        if self._text_bytes > FORM_BYTES:
            raise BadForm("the words of this form are too long")

    def _end_part(self) -> None:
        self._parts.append(self._part)

    def _end(self) -> None:
        self._is_whole = True

    def _write(self) -> None:
        """Put what has come of files onto the disk."""
        current = [] if self._part in self._parts else [self._part]
        for part in [*self._parts, *current]:
            if part.path is not None and part.data:
                with part.path.open("ab") as out:
                    out.write(part.data)
                part.data.clear()
        self._unwritten = 0
