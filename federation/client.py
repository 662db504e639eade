"""The one guarded HTTP client: every request that leaves goes through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import httpx

from federation.messages import HttpMessage, Limits

__all__ = ["AsgiEngine", "Client", "ClientConfig", "Engine", "is_allowed_address"]


@dataclass(frozen=True, slots=True)
class ClientConfig:
    allowed: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    user_agent: str = "obverse"
    limits: Limits = field(default_factory=Limits)
    ca_file: str | None = None


class Engine(Protocol):
    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage: ...


def is_allowed_address(address: str) -> bool:
    raise NotImplementedError


class AsgiEngine:
    def __init__(self, apps: Mapping[str, Any]) -> None:
        raise NotImplementedError


class Client:
    def __init__(self, config: ClientConfig, *, engine: Engine | None = None) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    @property
    def httpx(self) -> httpx.AsyncClient:
        raise NotImplementedError

    async def send(
        self, message: HttpMessage, *, total_s: float | None = None, max_bytes: int | None = None
    ) -> HttpMessage:
        """Raises: AddressRefused, FetchFailed, DocumentRefused."""
        raise NotImplementedError
