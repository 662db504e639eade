"""What a server shows when TLS begins, on connections of loopback; nothing is opened that is not ours to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from federation.errors import AddressRefused, FetchFailed
from federation.guard import Guard
from federation.handshakes import Handshake, TlsTrouble, _read, shake_hands

pytestmark = pytest.mark.anyio

NAME = "shop.localhost"
NOW = datetime.now(UTC)


async def nobody(host: str, port: int) -> list[str]:
    raise AssertionError("no name is looked up here")


@asynccontextmanager
async def serving(context: ssl.SSLContext | None, address: str = "127.0.0.1") -> AsyncIterator[int]:
    """Takes connections, with TLS or without, says nothing, and goes when the other does."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(take, address, 0, ssl=context)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def guarded(port: int, address: str = "127.0.0.1", name: str = NAME) -> Guard:
    return Guard([f"{name}:{port}"], {name: address}, nobody)


def context_of(issued: trustme.LeafCert, *protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


async def shaken(context: ssl.SSLContext | None, ca_file: str | None) -> Handshake:
    async with serving(context) as port:
        return await shake_hands(guarded(port), f"https://{NAME}:{port}/", ca_file=ca_file)


async def test_certificate_that_holds_is_told_with_its_end_and_names(
    authority: trustme.CA, ca_file: str
) -> None:
    end = NOW + timedelta(days=30)
    seen = await shaken(context_of(authority.issue_cert(NAME, not_after=end), "h2"), ca_file)
    assert seen.trouble is None
    assert (seen.version, seen.protocol, seen.names) == ("TLSv1.3", "h2", (NAME,))
    assert seen.ends_at == end.replace(microsecond=0)
    seen = await shaken(context_of(authority.issue_cert(NAME)), ca_file)
    assert seen.protocol == ""


@pytest.mark.parametrize(
    ("made", "trouble"),
    [
        ({"not_after": NOW - timedelta(days=1)}, TlsTrouble.EXPIRED),
        (
            {"not_before": NOW + timedelta(days=2), "not_after": NOW + timedelta(days=9)},
            TlsTrouble.NOT_YET_VALID,
        ),
        ({"name": "other.localhost"}, TlsTrouble.WRONG_NAME),
    ],
)
async def test_certificate_that_does_not_hold_is_shown_all_the_same(
    made: dict[str, Any], trouble: TlsTrouble, authority: trustme.CA, ca_file: str
) -> None:
    name = made.pop("name", NAME)
    seen = await shaken(context_of(authority.issue_cert(name, **made)), ca_file)
    assert (seen.trouble, seen.names) == (trouble, (name,))
    assert seen.ends_at is not None
    assert seen.detail


async def test_authority_that_nobody_knows_is_not_trusted(authority: trustme.CA) -> None:
    assert (await shaken(context_of(authority.issue_cert(NAME)), None)).trouble is TlsTrouble.UNTRUSTED


async def test_versions_without_one_in_common_are_no_tls(authority: trustme.CA, ca_file: str) -> None:
    context = context_of(authority.issue_cert(NAME))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    older = context_of(authority.issue_cert(NAME))
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    older.set_ciphers("ECDHE-RSA-AES128-SHA")  # which no client of ours offers
    assert (await shaken(older, ca_file)).trouble is TlsTrouble.NO_TLS
    assert (await shaken(context, ca_file)).version == "TLSv1.3"


@pytest.mark.parametrize(("says", "why"), [(b"", "broke off"), (b"HTTP/1.1 400 No\r\n\r\n", "VERSION")])
async def test_server_that_hangs_up_or_speaks_plainly_speaks_no_tls(
    says: bytes, why: str, ca_file: str
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        if says:
            await reader.read()
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = int(server.sockets[0].getsockname()[1])
        seen = await shake_hands(guarded(port), f"https://{NAME}:{port}/", ca_file=ca_file)
    assert (seen.trouble, why in seen.detail) == (TlsTrouble.NO_TLS, True)


async def test_server_that_never_speaks_is_given_up(ca_file: str) -> None:
    async with serving(None) as port:
        with pytest.raises(FetchFailed, match="within"):
            await shake_hands(guarded(port), f"https://{NAME}:{port}/", ca_file=ca_file, total_s=0.2)


async def test_nobody_there_is_a_failure_that_may_pass(ca_file: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and does not listen
        port = taken.getsockname()[1]
        with pytest.raises(FetchFailed, match="Connection"):
            await shake_hands(guarded(port), f"https://{NAME}:{port}/", ca_file=ca_file)


async def test_waiting_for_a_connection_ends_with_the_time(ca_file: str) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for line in waiting:
            line.setblocking(False)
            line.connect_ex(("127.0.0.1", port))
        with pytest.raises(FetchFailed, match="within"):
            await shake_hands(guarded(port), f"https://{NAME}:{port}/", ca_file=ca_file, total_s=0.2)
        for line in waiting:
            line.close()


async def test_next_address_is_tried_where_one_does_not_answer(authority: trustme.CA, ca_file: str) -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["::1", "127.0.0.1"]

    async with serving(context_of(authority.issue_cert(NAME))) as port:
        guard = Guard([f"{NAME}:{port}"], {}, two)
        assert (await shake_hands(guard, f"https://{NAME}:{port}/", ca_file=ca_file)).trouble is None


@pytest.mark.parametrize("url", ["http://shop.example/", "https://127.0.0.1/", "https://shop.example:8443/"])
async def test_address_that_is_not_ours_to_open_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        await shake_hands(Guard([], {}, nobody), url)


async def test_name_that_leads_home_is_refused() -> None:
    with pytest.raises(AddressRefused, match="not a public address"):
        await shake_hands(Guard([], {"shop.example": "10.0.0.7"}, nobody), "https://shop.example/")


def test_certificate_without_names_or_that_is_none_shows_nothing() -> None:
    key = Ed25519PrivateKey.generate()
    subject = x509.Name([])
    plain = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, None)
    )
    ends_at, names = _read(plain.public_bytes(Encoding.DER))
    assert ends_at is not None
    assert names == ()
    assert _read(b"\x30\x00") == (None, ())
