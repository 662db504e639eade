"""The moments between saying and sending: what was cast with a hold can be taken back, or sent at once."""

from __future__ import annotations

from dataclasses import replace

from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.intents import Intent

__all__ = ["is_held", "send_now", "take_back"]


def is_held(desk: Desk, intent: Intent) -> bool:
    """Whether it can still be taken back as though it had never been."""
    return intent.held_until is not None and desk.now < intent.held_until


def take_back(desk: Desk, intent: Intent) -> None:
    """Undo a cast of which nothing has left: intent, deals, evidence, deliveries, personas and their keys.

    Raises: InvalidInput once it is too late; nothing has changed then.
    """
    if not is_held(desk, intent) or not desk.tx.unsent.forget(intent.id):
        raise InvalidInput("intent", "it has left already", "Withdraw it: the vendors are told.")


def send_now(desk: Desk, intent: Intent) -> Intent:
    """Wait no longer. What has left stays as it is, and from now on nothing can be taken back."""
    if not is_held(desk, intent):
        return intent
    sent = replace(intent, held_until=None)
    desk.tx.intents.save(sent)
    desk.tx.unsent.hasten(intent.id, desk.now)
    return sent
