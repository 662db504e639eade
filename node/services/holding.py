"""The moments between saying and sending: what was cast with a hold can be taken back, or sent at once."""

from __future__ import annotations

from dataclasses import replace

from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.intents import Intent
from node.services.plain_casts import hasten_casts

__all__ = ["is_held", "send_now", "take_back"]


def is_held(desk: Desk, intent: Intent) -> bool:
    """Whether it can still be taken back as though it had never been."""
    return intent.held_until is not None and desk.now < intent.held_until


def take_back(desk: Desk, intent: Intent) -> None:
    """Undo a cast of which nothing has left: intent, deals, evidence, deliveries, personas and their keys.

    Raises: InvalidInput once it is too late; nothing has changed then.
    """
    is_undone = is_held(desk, intent) and desk.tx.unsent.forget(intent.id)
    if not is_undone or not desk.tx.plain_casts.forget(intent.id):
        raise InvalidInput("intent", "it has left already", "Withdraw it: the vendors are told.")


def send_now(desk: Desk, intent: Intent) -> Intent:
    """Wait no longer. What has left stays as it is, and from now on nothing can be taken back."""
    if not is_held(desk, intent):
        return intent
    sent = replace(intent, held_until=None)
    desk.tx.intents.save(sent)
    desk.tx.unsent.hasten(intent.id, desk.now)
    account = desk.tx.accounts.get(intent.account)
    if account is not None:
        hasten_casts(desk, account, sent)
    return sent
