"""The mail server that takes what this node sends to its owners, as its settings name it. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote, urlsplit

from node.domain.errors import InvalidInput

__all__ = ["MailServer", "Tls", "is_mail_address", "parse_mail_server"]

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?)"
)
_RIGHT = "Write smtps://USER@mail.example:465, or smtp://USER@mail.example:587 where the server starts TLS."


class Tls(Enum):
    """How the line to the mail server is kept from others."""

    FROM_THE_START = "smtps"
    STARTED = "starttls"
    """It must be started, or nothing is sent."""
    NONE = "none"
    """On this machine alone."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. Shapes: `user` "" for none; the password lies in a file, if there is one."""

    host: str
    port: int
    tls: Tls
    sender: str
    user: str = ""
    password_file: str | None = None


def is_mail_address(text: str) -> bool:
    """Whether this can be written to: one plain address, without a name, a comment or anything to inject."""
    match = _ADDRESS.fullmatch(text)
    return match is not None and len(text) <= 254 and ".." not in text and not text.startswith(".")


def parse_mail_server(url: str, password_file: str | None, sender: str) -> MailServer:
    """Read the settings of mail.

    Shapes: `url` is smtps://[USER@]HOST[:PORT] or smtp://…; `sender` is the address that mail comes from.
    Raises: InvalidInput, naming the setting and what would be right.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidInput("smtp_url", "it is no address of a server", _RIGHT) from None
    if parts.scheme not in ("smtp", "smtps") or not host or parts.path.strip("/") or parts.query:
        raise InvalidInput("smtp_url", "it is no address of a mail server", _RIGHT)
    if parts.password is not None:
        raise InvalidInput(
            "smtp_url",
            "there is a password in it",
            "Put it into a file, and name that in smtp_password_file.",
        )
    if not is_mail_address(sender):
        raise InvalidInput("mail_from", f"{sender!r} is no mail address", "Write obverse@ana.example, say.")
    user = unquote(parts.username or "")
    if user and password_file is None:
        raise InvalidInput("smtp_password_file", "it is missing", "Name a file that holds the password.")
    if parts.scheme == "smtps":
        return MailServer(host, port or 465, Tls.FROM_THE_START, sender, user, password_file)
    tls = Tls.NONE if _is_loopback(host) and not user else Tls.STARTED
    return MailServer(host, port or 587, tls, sender, user, password_file)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
