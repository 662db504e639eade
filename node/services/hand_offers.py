"""Offers that a person takes from messages: written down by her, signed by nobody, binding nobody."""

from __future__ import annotations

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.intents import Intent
from node.domain.plain_casts import HandDraft, HandOffer, PlainCast, record, take
from node.domain.sayings import said
from node.services.deciding import decide_elsewhere
from node.services.talking import find_thread, last_heard

__all__ = [
    "MOST_OF_A_THREAD",
    "cast_of_thread",
    "find_hand_offer",
    "mark_taken",
    "record_offer",
    "remove_offer",
]

MOST_OF_A_THREAD = 20


def cast_of_thread(desk: Desk, account: Account, thread_id: str) -> tuple[PlainCast, Intent]:
    """What a conversation is about. Raises: InvalidInput where it is about no intent of hers."""
    cast = desk.tx.plain_casts.of_thread(account.id, thread_id)
    intent = desk.tx.intents.get(cast.intent) if cast is not None else None
    if cast is None or intent is None:
        raise InvalidInput(
            "thread", "this conversation is about no intent", "Ask them by an intent, as a message."
        )
    return cast, intent


def record_offer(
    desk: Desk, account: Account, thread_id: str, draft: HandDraft, *, source: str = ""
) -> HandOffer:
    """Write down what a message in a conversation offers.

    Shapes: `source` is the id of that message, "" for what they said last.
    Raises: InvalidInput.
    """
    thread = find_thread(desk, account, thread_id)
    cast, intent = cast_of_thread(desk, account, thread.id)
    message = desk.tx.threads.utterance(account.id, source) if source else last_heard(desk, thread)
    if message is None or message.is_ours or message.thread != thread.id:
        wrong = "they have said nothing there yet" if not source else "that is no message of theirs"
        raise InvalidInput("source", wrong, "An offer is taken from what they wrote.")
    if len(desk.tx.hand_offers.of_thread(account.id, thread.id)) >= MOST_OF_A_THREAD:
        wrong = said("%(n)s are recorded already", n=MOST_OF_A_THREAD)
        raise InvalidInput("thread", wrong, "Remove one first.")
    offer = record(cast, intent, draft, offer_id=desk.new_id(), source=message.id, now=desk.now)
    desk.tx.hand_offers.save(offer)
    return offer


def find_hand_offer(desk: Desk, account: Account, offer_id: str) -> HandOffer:
    """One of her own. Raises: InvalidInput."""
    offer = desk.tx.hand_offers.get(account.id, offer_id)
    if offer is None:
        wrong = said("there is no recorded offer '%(offer)s'", offer=offer_id[:60])
        raise InvalidInput("offer", wrong, "Look at the intent that it was made for.")
    return offer


def mark_taken(desk: Desk, account: Account, offer_id: str, *, tell_others: bool) -> tuple[HandOffer, int]:
    """It was agreed on in the conversation; how many others were told that the intent is decided.

    Nothing is sent to who made it: nobody is bound by a record.
    Raises: InvalidInput.
    """
    taken = take(find_hand_offer(desk, account, offer_id), desk.now)
    desk.tx.hand_offers.save(taken)
    intent = desk.tx.intents.get(taken.intent)
    told = 0
    if tell_others and intent is not None:
        told = decide_elsewhere(desk, account, intent, but=taken.cast)
    return taken, told


def remove_offer(desk: Desk, account: Account, offer_id: str) -> None:
    """It was written down by mistake, or is of no use any more. Raises: InvalidInput."""
    desk.tx.hand_offers.remove(account.id, find_hand_offer(desk, account, offer_id).id)
