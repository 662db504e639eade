"""Pictures on their way in: judged by their head, then decoded and encoded anew in a process of its own.

bytes → what do they begin like? → one process at a time, bounded → its answer checked → ReadyPicture
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import anyio

from node.domain.errors import InvalidInput
from node.domain.pictures import PictureBounds, ReadyPicture, media_type_of
from node.domain.sayings import said

__all__ = ["Darkroom"]

_PROGRAM = Path(__file__).with_name("developing.py")
_WITHIN_S = 30.0
_MOST_WAITING = 8
_FIELD = "picture"
_TAKEN = "Send a JPEG, PNG, WebP or GIF."


class Darkroom:
    """Develops pictures, one at a time; a few more may wait."""

    def __init__(self) -> None:
        self._busy = anyio.Lock()
        self._waiting = 0

    async def develop(self, data: bytes, bounds: PictureBounds) -> ReadyPicture:
        """A picture that can be kept and served as our own.

        Raises: InvalidInput, in words for the owner: too large, of another kind, damaged, too many at once.
        Spec:   `security E21, P10, P12`.
        """
        if len(data) > bounds.bytes_in:
            most = f"{bounds.bytes_in // (1024 * 1024)}"
            raise InvalidInput(_FIELD, "it is too large", said("Send one of at most %(mib)s MiB.", mib=most))
        if not media_type_of(data):
            raise InvalidInput(_FIELD, "this is no picture that is taken", _TAKEN)
        if self._waiting >= _MOST_WAITING:
            raise InvalidInput(_FIELD, "too many pictures are coming in just now", "Try again in a moment.")
        self._waiting += 1
        try:
            async with self._busy:
                return _read(await _run(data, bounds), bounds)
        finally:
            self._waiting -= 1


async def _run(data: bytes, bounds: PictureBounds) -> bytes:
    """What the other process answers; nothing where it came to an end without an answer."""
    # -I: neither the working directory nor an environment says what is run; -B: nothing is written.
    command = [sys.executable, "-I", "-B", str(_PROGRAM), json.dumps(asdict(bounds))]
    try:
        with anyio.fail_after(_WITHIN_S):
            done = await anyio.run_process(
                command, input=data, env={}, cwd="/", check=False, stderr=subprocess.DEVNULL
            )
    except TimeoutError:
        return b""
    return done.stdout if done.returncode == 0 else b""


def _read(answer: bytes, bounds: PictureBounds) -> ReadyPicture:
    """The answer, believed no further than it can be checked. Raises: InvalidInput."""
    head, _, body = answer.partition(b"\n")
    told = json.loads(head) if head else {"unfit": "broken"}
    if told.get("unfit") == "large":
        most = f"{bounds.plain_pixels_in // 1_000_000}"
        right = said("Send one of at most %(n)s million pixels.", n=most)
        raise InvalidInput(_FIELD, "it has too many pixels", right)
    media_type = media_type_of(body)
    is_sound = media_type in ("image/jpeg", "image/png") and media_type == told.get("media_type")
    if not is_sound or len(body) > bounds.bytes_out:
        raise InvalidInput(_FIELD, "it is damaged, or no picture", _TAKEN)
    digest = hashlib.sha256(body).hexdigest()
    return ReadyPicture(media_type, int(told["width"]), int(told["height"]), digest, body)
