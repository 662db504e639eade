"""What both kinds of request signature say before, and prove after, they are checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from federation.ports import SignatureSpec

__all__ = ["SignatureClaim", "Verified"]


@dataclass(frozen=True, slots=True)
class SignatureClaim:
    """What a request's one signature claims; nothing of it is proven yet.

    Shapes: `created` is None where only a Date header dates the request and that is unreadable or absent;
            `algorithm` is the parameter as sent, None where absent; `covered` are the component names in
            order; `signature` is the decoded signature; `input` is the text that stands for it in what was
            signed, "" where only the library can write that.
    """

    key_id: str
    spec: SignatureSpec
    created: datetime | None
    expires: datetime | None
    algorithm: str | None
    covered: tuple[str, ...]
    signature: bytes
    input: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """A request shown to be signed by the key `key_id`, within its time, body included.

    Units:  `created` is when it was signed; after `expires_at` the same request would be refused, so a table
            of replays needs to keep it no longer than that.
    Shapes: `base` is what the key signed, byte for byte, and `signature` the signature over it.
    """

    key_id: str
    spec: SignatureSpec
    created: datetime
    expires_at: datetime
    base: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=b"", repr=False)
