"""Pictures through the real process: what is refused before it, by it, and what is believed of its answer."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import Any

import anyio
import pytest

from node.domain.errors import InvalidInput
from node.domain.pictures import IN_POSTS, ReadyPicture
from node.pictures import darkroom
from node.pictures.darkroom import Darkroom
from tests.unit.node.pictures.drawing import a_picture, a_png_that_claims, corners

pytestmark = pytest.mark.anyio


async def test_a_picture_comes_back_as_one_of_ours() -> None:
    picture = await Darkroom().develop(a_picture(), IN_POSTS)
    assert (picture.media_type, picture.width, picture.height) == ("image/jpeg", 64, 48)
    assert picture.digest == hashlib.sha256(picture.body).hexdigest()
    assert corners(picture.body)[0] == "red"
    assert picture.ending == ".jpg"
    assert (await Darkroom().develop(a_picture("PNG"), IN_POSTS)).ending == ".png"


async def test_what_is_too_large_is_refused_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(darkroom, "_run", None)
    with pytest.raises(InvalidInput, match="too large"):
        await Darkroom().develop(b"\xff\xd8\xff" + bytes(IN_POSTS.bytes_in), IN_POSTS)


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload='alert(1)'/>", b"<?xml version='1.0'?><svg/>", b"GIF", b"RIFF1234WAVE", b"BM"]
)
async def test_e21_what_begins_like_no_picture_is_refused_before_anything_is_started(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(darkroom, "_run", None)
    with pytest.raises(InvalidInput, match="no picture that is taken"):
        await Darkroom().develop(data, IN_POSTS)


async def test_e21_a_bomb_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="too many pixels"):
        await Darkroom().develop(a_png_that_claims(50_000, 50_000), IN_POSTS)


async def test_a_damaged_picture_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        await Darkroom().develop(a_picture("PNG")[:60], IN_POSTS)


class Answering:
    """Stands where the other process does."""

    def __init__(self, answer: bytes, code: int = 0) -> None:
        self._done = subprocess.CompletedProcess([], code, answer)
        self.at_once = self.most_at_once = 0
        self.released = anyio.Event()

    async def __call__(self, *_: Any, **__: Any) -> subprocess.CompletedProcess[bytes]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.released.wait()
        self.at_once -= 1
        return self._done


def told(body: bytes, **over: Any) -> bytes:
    head = {"media_type": "image/jpeg", "width": 1, "height": 1, **over}
    return json.dumps(head).encode() + b"\n" + body


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", 0),
        (told(a_picture()), -9),
        (told(b"<svg onload='alert(1)'/>"), 0),
        (told(a_picture("GIF"), media_type="image/gif"), 0),
        (told(a_picture("PNG")), 0),
        (told(b"\xff\xd8\xff" + bytes(IN_POSTS.bytes_out)), 0),
    ],
    ids=["nothing", "killed", "no picture", "another kind", "not what it says", "too large"],
)
async def test_an_answer_that_cannot_be_is_not_believed(
    answer: bytes, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Answering(answer, code)
    process.released.set()
    monkeypatch.setattr("node.pictures.darkroom.anyio.run_process", process)
    with pytest.raises(InvalidInput, match="damaged"):
        await Darkroom().develop(a_picture(), IN_POSTS)


async def test_one_picture_is_worked_on_at_a_time_and_only_so_many_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process, room = Answering(told(a_picture())), Darkroom()
    monkeypatch.setattr("node.pictures.darkroom.anyio.run_process", process)
    done: list[ReadyPicture] = []

    async def one() -> None:
        done.append(await room.develop(a_picture(), IN_POSTS))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(one)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(InvalidInput, match="too many pictures"):
            await room.develop(a_picture(), IN_POSTS)
        process.released.set()
    assert (len(done), process.most_at_once) == (8, 1)
    await room.develop(a_picture(), IN_POSTS)


async def test_a_process_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "_WITHIN_S", 0.05)
    monkeypatch.setattr("node.pictures.darkroom.anyio.run_process", Answering(b""))
    with pytest.raises(InvalidInput, match="damaged"):
        await Darkroom().develop(a_picture(), IN_POSTS)
