"""The files that pages load: kept for ever under their version, asked for again without one."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message

from node.web.static import FILES, STATIC_DIR, ForeverFiles, read_files

VENDOR = STATIC_DIR / "vendor"


@pytest.fixture
def files(tmp_path: Path) -> ForeverFiles:
    (tmp_path / "inner").mkdir()
    (tmp_path / "calm.css").write_text("a { color: red }\n" * 50)
    (tmp_path / "inner" / "tiny.js").write_text("1")
    (tmp_path / "README.md").write_text("not for browsers")
    return ForeverFiles(read_files(tmp_path))


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


Ask = Callable[..., Answered]


@pytest.fixture
def ask(files: ForeverFiles) -> Ask:
    """Ask for a path, as it stands; the answer as it goes over the wire."""
    app = Starlette(routes=[Mount("/static", files)])

    def asked(path: str, method: str = "GET", **headers: str) -> Answered:
        answered = Answered(0, {}, b"")

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
                answered.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answered.body += message["body"]

        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "query_string": b""}
        asyncio.run(app({**scope, "headers": named}, receive, send))
        return answered

    return asked


def test_file_under_its_version_is_kept_for_ever(files: ForeverFiles, ask: Ask) -> None:
    answer = ask(files.address("calm.css"))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.body.startswith(b"a { color: red }")


def test_file_without_a_version_is_asked_for_again(ask: Ask) -> None:
    answer = ask("/static/calm.css")
    assert answer.headers["cache-control"] == "no-cache"
    again = ask("/static/calm.css", if_none_match=answer.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert ask("/static/calm.css", if_none_match='"another"').status == 200


def test_text_is_sent_compressed_to_those_who_take_it(ask: Ask) -> None:
    answer = ask("/static/calm.css", accept_encoding="br, gzip;q=0.5")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "accept-encoding"
    assert len(answer.body) < 200
    assert gzip.decompress(answer.body).startswith(b"a { color")


@pytest.mark.parametrize("accepted", ["identity", "", "br", "gzip;q=0", "gzip; q=0.0"])
def test_text_is_sent_as_it_is_to_those_who_do_not(ask: Ask, accepted: str) -> None:
    answer = ask("/static/calm.css", accept_encoding=accepted)
    assert "content-encoding" not in answer.headers
    assert answer.body.startswith(b"a { color")


def test_what_compression_makes_longer_is_left_alone(ask: Ask) -> None:
    answer = ask("/static/inner/tiny.js", accept_encoding="gzip")
    assert "content-encoding" not in answer.headers
    assert answer.body == b"1"


def test_head_tells_the_length_and_sends_nothing(ask: Ask) -> None:
    answer = ask("/static/inner/tiny.js", "HEAD")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "1", b"")


@pytest.mark.parametrize(
    "path", ["README.md", "", "..", "../static.py", "%2e%2e/static.py", "/etc/passwd", "inner", "nothing.css"]
)
def test_nothing_else_is_served(files: ForeverFiles, ask: Ask, path: str) -> None:
    assert ask(f"/static/{path}").status == 404
    assert ask(f"/static/{files.version}/{path}").status == 404


def test_other_methods_are_refused(ask: Ask) -> None:
    answer = ask("/static/calm.css", "POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_another_content_has_another_version(files: ForeverFiles, tmp_path: Path) -> None:
    (tmp_path / "inner" / "tiny.js").write_text("2")
    assert ForeverFiles(read_files(tmp_path)).version != files.version


def test_page_that_names_a_file_that_is_not_there_fails_at_once(files: ForeverFiles) -> None:
    with pytest.raises(KeyError, match=r"clam\.css"):
        files.address("clam.css")


def test_vendored_files_are_those_that_their_readme_names() -> None:
    readme = (VENDOR / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", readme, re.MULTILINE)
    found = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in VENDOR.iterdir() if p.suffix != ".md"
    }
    assert dict(rows) == found


def test_all_files_together_are_small() -> None:
    assert sum(len(file.body) for file in read_files(STATIC_DIR).values()) < 150_000
    assert sum(len(file.squeezed or file.body) for file in read_files(STATIC_DIR).values()) < 50_000


def test_our_own_pages_find_their_files() -> None:
    assert FILES.address("obverse.css") == f"/static/{FILES.version}/obverse.css"
