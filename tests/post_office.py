"""A mail server and a push service on loopback, as small as they can be and real enough to be wrong with.

Both speak over sockets; their certificates are trustme's, for the names that are given.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

__all__ = ["MailBox", "Nudge", "PushService", "Trust", "a_mail_server", "a_push_service", "decoded"]


class Trust:
    """An authority of its own, and where its certificate lies."""

    def __init__(self, folder: Path, *names: str) -> None:
        authority = trustme.CA()
        self.ca_file = str(folder / "authority.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(self.context)


# --- mail -------------------------------------------------------------------------------------------------


@dataclass
class MailBox:
    """What a mail server has taken, and how it is to behave.

    Shapes: `answers` maps a command's first word to the reply that it gets in place of the usual one.
    """

    port: int = 0
    mails: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    offers_tls: bool = True
    lines_in_the_clear: list[str] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)


class _SmtpLine:
    """One connection: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA, QUIT (RFC 5321, 3207, 4954)."""

    def __init__(self, box: MailBox, tls: ssl.SSLContext | None, is_safe: bool) -> None:
        self.box, self.tls, self.is_safe = box, tls, is_safe

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 post.example\r\n")
            while line := (await reader.readline()).decode("latin-1").rstrip("\r\n"):
                word = line.partition(" ")[0].upper()
                self.box.commands.append(line)
                self.box.heard.set()
                if not self.is_safe:
                    self.box.lines_in_the_clear.append(line)
                if word in self.box.answers:
                    writer.write(self.box.answers[word].encode() + b"\r\n")
                elif word == "STARTTLS" and self.tls is not None:
                    writer.write(b"220 go on\r\n")
                    await writer.drain()
                    await writer.start_tls(self.tls)
                    self.is_safe = True
                elif word == "DATA":
                    writer.write(b"354 go on\r\n")
                    await writer.drain()
                    body = await reader.readuntil(b"\r\n.\r\n")
                    self.box.mails.append(body.decode())
                    writer.write(b"250 taken\r\n")
                elif word == "QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                else:
                    writer.write(self._usual(word))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def _usual(self, word: str) -> bytes:
        if word != "EHLO":
            return b"235 let in\r\n" if word == "AUTH" else b"250 well\r\n"
        offered = b"250-STARTTLS\r\n" if self.box.offers_tls and not self.is_safe else b""
        return b"250-post.example\r\n" + offered + b"250 AUTH PLAIN\r\n"


@asynccontextmanager
async def a_mail_server(
    tls: ssl.SSLContext | None = None, *, from_the_start: bool = False
) -> AsyncIterator[MailBox]:
    """A mail server at 127.0.0.1: with TLS from the start, started, or none."""
    box = MailBox(offers_tls=tls is not None)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _SmtpLine(box, tls, from_the_start)(reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls if from_the_start else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


# --- push -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Nudge:
    """One request as a push service has it."""

    path: str
    headers: dict[str, str]
    body: bytes

    def claims(self) -> dict[str, object]:
        """The claims of its VAPID token, whose signature is verified by the key that it brings (RFC 8292)."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        assert scheme == "vapid"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        head, claims, signature = parts["t"].split(".")
        assert json.loads(decoded(head))["alg"] == "ES256"
        raw = decoded(signature)
        assert len(raw) == 64
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(parts["k"]))
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        try:
            key.verify(encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise AssertionError("the token is not signed by its key") from None
        return dict(json.loads(decoded(claims)))

    @property
    def key(self) -> str:
        return self.headers["authorization"].rpartition("k=")[2]


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class PushService:
    """What a push service was asked, and what it answers: `answers` by path, 201 else."""

    port: int = 0
    nudges: list[Nudge] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    heard: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def a_push_service(tls: ssl.SSLContext) -> AsyncIterator[PushService]:
    """A push service at 127.0.0.1, over TLS."""
    service = PushService()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip("\r\n").split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                path = first.split(" ")[1]
                service.nudges.append(Nudge(path, headers, body))
                service.heard.set()
                status = service.answers.get(path, "201 Created")
                writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()
