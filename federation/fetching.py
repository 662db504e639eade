"""Documents of other servers: redirects by hand, signed, typed, bounded, and only under their own id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from federation.client import Client
from federation.keys import SigningKey
from federation.messages import JsonObject, Limits
from federation.ports import Clock, HostMemory

__all__ = ["FetchBudget", "FetchedDocument", "Fetcher"]


class FetchBudget:
    """Counts the look-ups that one inbound message may cause."""

    def __init__(self, limit: int = 20) -> None:
        self.left = limit

    def spend(self, url: str) -> None:
        """Raises: DocumentRefused when the budget is used up."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """`url` is the final URL (equal to the document's id from `Fetcher.fetch`), `body` the exact bytes."""

    url: str
    body: bytes = field(repr=False)
    json: JsonObject
    fetched_at: datetime


class Fetcher:
    def __init__(
        self,
        client: Client,
        signer: Callable[[], SigningKey | None],
        hosts: HostMemory,
        clock: Clock,
        limits: Limits,
    ) -> None:
        raise NotImplementedError

    async def fetch(
        self, url: str, *, budget: FetchBudget | None = None, signed: bool = True
    ) -> FetchedDocument:
        """Raises: InvalidIri, AddressRefused, FetchFailed, DocumentRefused, NotFound, Gone."""
        raise NotImplementedError

    async def fetch_json(
        self, url: str, accept: str, *, budget: FetchBudget | None = None
    ) -> FetchedDocument:
        raise NotImplementedError
