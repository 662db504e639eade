"""Files that come with a form: read whole or not at all, within bounds, and gone afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.web.fields import attached, optional, text
from node.web.forms import BadForm, Form
from node.web.frame import PrivatePages
from node.web.gate import Gate
from node.web.i18n import Locale
from node.web.passkeys import Passkeys
from node.web.uploads import Uploads
from node.web.visits import Answer, Download, Screens, Visit
from tests.browsing import Browser, Seen
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio

TYPE = "multipart/form-data; boundary=XX"
NOTE, FILE = text("note"), attached("file")
SEND = Form(optional(NOTE), FILE)
SCREENS = Screens()


@SCREENS.post("/my/file", upload_bytes=100_000)
async def take(visit: Visit) -> Answer:
    filled = await visit.read(SEND)
    found = filled[FILE]
    return Download(f"{found.name}|{found.size_bytes}|".encode() + await found.read(), "back.bin")


@SCREENS.post("/my/words")
async def take_words(visit: Visit) -> Answer:
    await visit.read(Form(optional(NOTE)))
    return Download(b"words", "back.txt")


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    extra = f'; filename="{filename}"' if filename is not None else ""
    head = f'--XX\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XX--\r\n"


def left_in(directory: Path) -> list[str]:
    return [one.name for one in directory.iterdir() if "upload" in one.name]


async def chunks(data: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def send(house: House, data: bytes, path: str = "/my/file") -> Seen:
    browser = await house.logged_in()
    gate = Gate(Passkeys(house.base, secret=b"s" * 32))
    pages = PrivatePages(house.node, SCREENS, gate=gate, report=lambda what, error: None)
    other = Browser(pages, house.base, says=browser.says)
    other.cookies = browser.cookies
    return await other.post(path, data, content_type=TYPE)


async def test_file_comes_in_whole_and_is_gone_afterwards(house: House, tmp_path: Path) -> None:
    await house.move_in()
    data = bytes(range(256)) * 300
    seen = await send(house, body(part("note", b"h\xc3\xa9"), part("file", data, "stock.csv")))
    assert seen.status == 200, seen.words
    assert seen.body == b"stock.csv|76800|" + data
    assert seen.header("content-disposition") == 'attachment; filename="back.bin"'
    assert left_in(tmp_path) == []


async def test_larger_file_than_the_screen_takes_is_not_kept(house: House, tmp_path: Path) -> None:
    await house.move_in()
    for size in (100_001, 500_000):
        assert (await send(house, body(part("file", b"a" * size, "f")))).status == 413
    assert left_in(tmp_path) == []


async def test_form_without_its_file_says_so(house: House) -> None:
    await house.move_in()
    for nothing in (part("file", b"", ""), part("note", b"x"), part("file", b"", "empty.csv")):
        seen = await send(house, body(nothing))
        assert seen.status == 422


async def test_screen_that_takes_no_files_takes_no_multipart(house: House) -> None:
    await house.move_in()
    assert (await send(house, body(part("note", b"x")), "/my/words")).status == 400


@pytest.mark.parametrize(
    "data",
    [
        body(part("note", b"x"))[:-6],
        b"no multipart at all",
        b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n",
        b'--XX\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--XX--\r\n',
        body(part("note", b"\xff\xfe")),
        body(part("note", b"x" * 300_000)),
        body(*(part("note", b"x") for _ in range(600))),
        body(*(part(f"f{n}", b"x", "f") for n in range(6))),
        body(part("file", b"1", "a"), part("file", b"2", "b")),
        b"--XX\r\n" + b"X-Long: " + b"a" * 9000 + b"\r\n\r\nx\r\n--XX--\r\n",
    ],
    ids=["cut", "nothing", "no name", "name", "words", "long words", "fields", "files", "twice", "head"],
)
async def test_bad_multipart_is_refused_and_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadForm):
        async with Uploads(tmp_path) as uploads:
            await uploads.read(TYPE, chunks(data, 5000), most_bytes=1_000_000)
    assert left_in(tmp_path) == []


async def test_boundary_is_needed(tmp_path: Path) -> None:
    with pytest.raises(BadForm):
        async with Uploads(tmp_path) as uploads:
            await uploads.read("multipart/form-data", chunks(b""), most_bytes=1000)


async def test_pieces_may_come_in_any_size(tmp_path: Path) -> None:
    data = body(part("note", b"hello"), part("file", b"0123456789" * 300_000, "big"))
    for size in (1 << 14, 1 << 20):
        async with Uploads(tmp_path) as uploads:
            typed = await uploads.read(TYPE, chunks(data, size), most_bytes=4_000_000)
            assert typed is not None
            filled = SEND.read(typed, Locale())
            assert filled[FILE].size_bytes == 3_000_000
            assert await filled[FILE].read() == b"0123456789" * 300_000
            assert typed.first("note") == "hello"
    assert left_in(tmp_path) == []
