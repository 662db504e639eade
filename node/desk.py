"""One unit of work: a transaction, what the node is, and the moment that it happens in.

Services are plain functions over a desk. Time and randomness come from outside, so that a transaction that is
run twice does the same thing twice: ids and persona keys derive from the moment's seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from federation.encodings import encode_base58
from federation.keys import SigningKey
from node.domain.policy import Policy
from node.domain.values import whole_seconds
from node.signing import OwnKeys
from node.store.ports import Tx

__all__ = ["Desk", "Moment", "Setting"]

ID_BYTES = 16
"""128 random bits; the protocol asks for at least 96 (`protocol §1`)."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a unit of work knows of its node."""

    base_url: str
    policy: Policy
    keys: OwnKeys
    cast_spread_s: float = 0.0

    @property
    def origin(self) -> str:
        return self.base_url


@dataclass(frozen=True, slots=True)
class Moment:
    """When a unit of work happens, and its own randomness: `seed` is 32 fresh random bytes."""

    now: datetime
    seed: bytes = field(repr=False)


class Desk:
    """What a service works at."""

    def __init__(self, tx: Tx, setting: Setting, moment: Moment) -> None:
        self.tx = tx
        self.setting = setting
        self.now = moment.now
        self.signing_time = whole_seconds(moment.now)
        self._seed = moment.seed
        self._count = 0

    def random_bytes(self, size: int) -> bytes:
        """The next bytes of the moment's stream (at most 64)."""
        self._count += 1
        return hashlib.blake2b(self._count.to_bytes(8, "big"), key=self._seed, digest_size=size).digest()

    def fraction(self) -> float:
        """A number in [0, 1) from the moment's stream."""
        return int.from_bytes(self.random_bytes(6), "big") / 2**48

    def new_id(self) -> str:
        """A random id without order, as the last part of an IRI."""
        return encode_base58(self.random_bytes(ID_BYTES))

    def iri(self, collection: str, name: str | None = None) -> str:
        """An IRI of ours: `https://ana.example/activities/…`."""
        return f"{self.setting.base_url}/{collection}/{name or self.new_id()}"

    def is_ours(self, iri: str) -> bool:
        """Whether this IRI lies on this node's origin."""
        return iri.startswith(self.setting.base_url + "/")

    def signing_key(self, actor: str, algorithm: str = "ed25519") -> SigningKey:
        """The newest key of an actor of ours that was not revoked. Raises: KeyError."""
        for row in reversed(self.tx.keys.of(actor)):
            if row.algorithm == algorithm and row.revoked_at is None and row.sealed is not None:
                return self.setting.keys.unsealed(row)
        raise KeyError(f"{actor} has no {algorithm} key")

    def after(self, previous: datetime | None) -> datetime:
        """A signing time that is later, by whole seconds, than a previous statement's."""
        if previous is None:
            return self.signing_time
        return max(self.signing_time, previous + timedelta(seconds=1))
