"""A ZIP archive that is sent while it is made: nothing of it is held but the piece at hand.

Spec: APPNOTE.TXT 6.3.10 §4.3.9 (data descriptors, since no size is known beforehand).
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from anyio.to_thread import run_sync

__all__ = ["zipped"]


class _Sink(io.RawIOBase):
    """Takes what the archive writes until it is fetched."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def zipped(pieces: AsyncIterator[tuple[str, bytes]], at: datetime) -> AsyncIterator[bytes]:
    """The archive of these files, each dated `at`.

    Shapes: `pieces` are (name, some bytes); those of one file follow each other.
    """
    sink = _Sink()
    archive, file, name = ZipFile(sink, "w", ZIP_DEFLATED), None, ""
    try:
        async for current, piece in pieces:
            if file is None or current != name:
                file = _next(archive, file, current, at)
                name = current
            await run_sync(file.write, piece)
            data = sink.take()
            if data:
                yield data
        _close(archive, file)
        yield sink.take()
    finally:
        with suppress(ValueError):  # of an archive that nobody waited for
            _close(archive, file)


def _next(archive: ZipFile, file: IO[bytes] | None, name: str, at: datetime) -> IO[bytes]:
    if file is not None:
        file.close()
    info = ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return archive.open(info, "w", force_zip64=True)


def _close(archive: ZipFile, file: IO[bytes] | None) -> None:
    if file is not None:
        file.close()
    archive.close()
