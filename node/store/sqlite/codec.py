"""How values lie in columns: aggregates as JSON text, times as whole microseconds.

Both are exact: `load(dump(value)) == value` for every aggregate of the domain, Decimals and times included.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from federation.kept_signatures import KeptSignature

__all__ = [
    "Json",
    "dump_signature",
    "from_micros",
    "from_micros_or_none",
    "load_signature",
    "to_micros",
    "to_micros_or_none",
]

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Json(Generic[T]):
    """Reads and writes one dataclass as JSON text."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._encoder = msgspec.json.Encoder(enc_hook=_as_text)

    def dump(self, value: T) -> str:
        return self._encoder.encode(value).decode()

    def load(self, text: str) -> T:
        """Raises: msgspec.ValidationError for text that `dump` did not make."""
        return self._decoder.decode(text)


def _as_text(value: object) -> str:
    """Text that carries more than itself (`domain.sayings`) is kept as text."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is not kept")


_SIGNATURE = Json(KeptSignature)


def dump_signature(kept: KeptSignature | None) -> str | None:
    """A request's signature as it lies beside its message; most have none."""
    return None if kept is None else _SIGNATURE.dump(kept)


def load_signature(text: str | None) -> KeptSignature | None:
    return None if text is None else _SIGNATURE.load(text)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware time: exact, and sorted as the times are."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC time of `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def to_micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def from_micros_or_none(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
