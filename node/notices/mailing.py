"""Hands one short plain mail over to the mail server that the node's settings name.

What an owner is mailed never has content: no name, no price, no counterpart; a kind of event and the address
of the owner's own pages. Spec: RFC 5322, RFC 3207 (STARTTLS), RFC 8314, RFC 2369 (List-Unsubscribe).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib
import anyio
from anyio.to_thread import run_sync

from node.notices.mailserver import MailServer, Tls, is_mail_address

__all__ = ["Letter", "MailFailed", "build_mail", "send_mail"]

_WHOLE_S = 30.0
_STEP_S = 10.0
_DETAIL_CHARS = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, in its reader's language."""

    subject: str
    text: str


class MailFailed(Exception):
    """It was not taken: `what` in a word of ours, `detail` as the other side said; again unless final."""

    def __init__(self, what: str, detail: str, *, is_final: bool = False) -> None:
        super().__init__(f"{what}: {detail}")
        self.what = what
        self.detail = detail
        self.is_final = is_final


def build_mail(
    letter: Letter, *, sender: str, to: str, number: str, now: datetime, manage: str
) -> EmailMessage:
    """The message as it is handed over.

    Shapes: `number` makes its id, and stays the same for one that is tried again; `manage` is the page on
            which all of it is switched off.
    Raises: ValueError for an address that is none, which nothing that was confirmed can be.
    """
    if not is_mail_address(to):
        raise ValueError("no mail address")
    mail = EmailMessage()
    mail["From"] = f"Obverse <{sender}>"
    mail["To"] = to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{number}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{manage}>"
    mail.set_content(letter.text, cte="quoted-printable")
    return mail


async def send_mail(server: MailServer, mail: EmailMessage, *, ca_file: str | None = None) -> None:
    """Hand it over. Nothing is said before the line is safe, but on this machine itself.

    Raises: MailFailed.
    """
    password = await _password(server)
    context = await run_sync(_trusting, ca_file)
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls is Tls.FROM_THE_START,
        start_tls=server.tls is Tls.STARTED,  # never "if it offers to": who sits between would take it away
        tls_context=context,
        username=server.user or None,
        password=password,
        timeout=_STEP_S,
    )
    try:
        with anyio.fail_after(_WHOLE_S):
            async with client:
                await client.send_message(mail)
    except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
        raise _refused(error) from None
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
        raise MailFailed("unreachable", _line(f"{type(error).__name__}: {error}")) from None


def _refused(error: aiosmtplib.SMTPException) -> MailFailed:
    """5xx is the server's last word on this address or on us; 4xx asks for another try (RFC 5321 §4.2.1)."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        first = error.recipients[0]
        return MailFailed("address", _line(f"{first.code} {first.message}"), is_final=first.code >= 500)
    assert isinstance(error, aiosmtplib.SMTPResponseException)
    what = "log-in" if isinstance(error, aiosmtplib.SMTPAuthenticationError) else "refused"
    # A password can be mended, and then what has waited goes out: only an address is ever given up.
    return MailFailed(what, _line(f"{error.code} {error.message}"))


def _line(text: str) -> str:
    """What the other side said, as one short line of plain characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_DETAIL_CHARS]


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


async def _password(server: MailServer) -> str | None:
    """Read each time, so that a new one needs no restart."""
    if not server.user or server.password_file is None:
        return None
    try:
        text = await anyio.Path(server.password_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        name = Path(server.password_file).name
        raise MailFailed(
            "password", _line(f"{name}: {getattr(error, 'strerror', None) or 'unreadable'}")
        ) from None
    return text.strip("\r\n")
