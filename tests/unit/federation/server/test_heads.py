"""What a request's head must be, judged without a server."""

from __future__ import annotations

import pytest

from federation.heads import authorities_of, check_head, is_plain_path

OWN = authorities_of("https://ana.example")
HOST = (b"host", b"ana.example")


def status(
    *headers: tuple[bytes, bytes],
    method: str = "GET",
    path: bytes = b"/inbox",
    query: bytes = b"",
    version: str = "1.1",
) -> int | None:
    fault = check_head(
        method,
        path,
        query,
        [HOST, *headers],
        http_version=version,
        authorities=OWN,
        most_bytes=16_384,
        most_body_bytes=262_144,
    )
    return None if fault is None else fault.status


@pytest.mark.parametrize(
    "path", [b"/", b"/inbox", b"//inbox", b"/./x", b"/%2e%2E/x", b"/a%20b", b"/@ana", b"/x;y=(1)!*'$&+,=:~"]
)
def test_plain_paths_are_left_to_the_routes(path: bytes) -> None:
    assert is_plain_path(path)
    assert status(path=path) is None


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"*",
        b"inbox",
        b"http://ana.example/inbox",
        b"/a b",
        b"/a\x00",
        b"/%00",
        b"/%0d%0aX:1",
        b"/%7F",
        b"/%",
        b"/%2",
        b"/%zz",
        b"/a\\b",
        b'/a"b',
        b"/<a>",
        b"/caf\xc3\xa9",
        b"/a#b",
        b"/a?b",
        b"/" + b"a" * 16_000 + b"{",
    ],
)
def test_paths_that_two_readers_may_take_differently_are_400(path: bytes) -> None:
    assert not is_plain_path(path)
    assert status(path=path) == 400


def test_queries_are_visible_ascii() -> None:
    assert status(query=b"resource=acct:ana@ana.example&x=[1]|%00") is None
    assert status(query=b"a b") == 400
    assert status(query=b"a\xff") == 400


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "PRI", "QUERY", "PROPFIND"])
def test_methods_that_nobody_here_speaks_are_405(method: str) -> None:
    assert status(method=method) == 405


def test_http_0_9_is_400() -> None:
    assert status(version="0.9") == 400
    assert status(version="1.0") is None


def test_a_chunked_body_in_http_1_0_is_400() -> None:
    assert status((b"transfer-encoding", b"chunked"), version="1.0") == 400
    assert status((b"transfer-encoding", b" Chunked ")) is None


def test_the_length_that_is_announced_may_not_be_above_the_limit() -> None:
    assert status((b"content-length", b"262144")) is None
    assert status((b"content-length", b"262145")) == 413
    assert status((b"content-length", b"9" * 5000)) == 413


def test_the_head_may_not_be_above_its_limit_by_one_byte() -> None:
    room = 16_384 - (len("host") + len("ana.example") + 4) - (len("x") + 4)
    assert status((b"x", b"y" * room)) is None
    assert status((b"x", b"y" * (room + 1))) == 431
