"""The registry of handlers: which function answers which activity about which object.

Registries are objects, so two applications live in one process; a second handler for the same pair fails at
import, not at the first message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from federation.activity import Activity
from federation.errors import DuplicateListener
from federation.ports import InboundEntry

__all__ = ["Inbound", "Listeners"]

H = TypeVar("H", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Inbound:
    """One recorded message on its way to its handler: the record and the same bytes, parsed."""

    entry: InboundEntry
    activity: Activity


class Listeners(Generic[H]):
    """Handlers by (activity type, object type); the shape of a handler is the application's own."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], H] = {}

    def on(self, activity_type: str, *object_types: str) -> Callable[[H], H]:
        """Register the decorated function for this activity type about these object types.

        Without object types the function answers every object that no other one is registered for, including
        objects that are given by their id alone.
        Raises: DuplicateListener, at import.
        """

        def register(handler: H) -> H:
            pairs = [(activity_type, object_type) for object_type in object_types or ("",)]
            taken = [pair for pair in pairs if pair in self._handlers]
            if taken:
                raise DuplicateListener(f"a second handler for {taken}")
            self._handlers.update(dict.fromkeys(pairs, handler))
            return handler

        return register

    def find(self, activity: Activity) -> H | None:
        """The handler for this activity: the one for its object's type first, then the one for any object."""
        specific = self._handlers.get((activity.type, activity.object_type)) if activity.object_type else None
        return specific or self._handlers.get((activity.type, ""))

    def registered(self) -> frozenset[tuple[str, str]]:
        """All (activity type, object type or "") pairs that have a handler."""
        return frozenset(self._handlers)
