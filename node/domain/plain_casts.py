"""An intent told to an account without a node, and an offer that its reply made (`protocol §5`).

Pure. One table says what may happen to what was told; whatever is not in it changes nothing. An offer from a
message is what its reader wrote down: nobody has signed it, and it binds nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from node.domain.errors import InvalidInput
from node.domain.intents import Intent
from node.domain.offers import Answer, Meets
from node.domain.sayings import said
from node.domain.talking import Peer
from node.domain.values import Money, Quantity

__all__ = [
    "CAST_TABLE",
    "CastAct",
    "CastState",
    "HandDraft",
    "HandOffer",
    "PlainCast",
    "record",
    "step",
    "take",
]

_MOST_GOODS_CHARS = 500
_MOST_DELIVERY_CHARS = 500
_MOST_NOTE_CHARS = 2_000


class CastState(StrEnum):
    WAITING = "waiting"
    """Nothing has left yet."""
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class CastAct(StrEnum):
    LEAVE = "leave"
    """By the clock, at the moment that was drawn for it."""
    RESTATE = "restate"
    """By its writer: the intent says something else now."""
    WITHDRAW = "withdraw"
    """By its writer, or since another offer was taken."""
    END = "end"
    """By the clock: nothing more is said."""


CAST_TABLE: Mapping[tuple[CastState, CastAct], CastState] = {
    (CastState.WAITING, CastAct.LEAVE): CastState.SENT,
    (CastState.WAITING, CastAct.RESTATE): CastState.WAITING,
    (CastState.WAITING, CastAct.WITHDRAW): CastState.WITHDRAWN,
    (CastState.WAITING, CastAct.END): CastState.ENDED,
    (CastState.SENT, CastAct.RESTATE): CastState.SENT,
    (CastState.SENT, CastAct.WITHDRAW): CastState.WITHDRAWN,
    (CastState.SENT, CastAct.END): CastState.ENDED,
}


@dataclass(frozen=True, slots=True)
class PlainCast:
    """An intent as one account without a node is told of it, in words, by a person's own account.

    Shapes: `words` are all that is said, but for the link: `secret` is the last part of its address. `thread`
            and `note_id` are "" until it has left; `id` is its name here.
    """

    account: str
    intent: str
    id: str
    secret: str
    vendor: Peer
    title: str
    words: str
    language: str
    leaves_at: datetime
    ends_at: datetime
    state: CastState = CastState.WAITING
    thread: str = ""
    note_id: str = ""
    sent_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in (CastState.WAITING, CastState.SENT)

    @property
    def wake_at(self) -> datetime | None:
        """When the clock has something to do with it next."""
        if self.state is CastState.WAITING:
            return min(self.leaves_at, self.ends_at)
        return self.ends_at if self.state is CastState.SENT else None


def step(cast: PlainCast, act: CastAct) -> PlainCast | None:
    """What is told, after an act; None where it may not happen now."""
    state = CAST_TABLE.get((cast.state, act))
    return replace(cast, state=state) if state is not None else None


# --- an offer from a message ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HandDraft:
    """What a reader takes from a message. `meets` judges wishes by their ids; `price` is for all of it."""

    goods: str
    quantity: Quantity
    price: Money | None = None
    delivery: str = ""
    ends_at: datetime | None = None
    meets: Mapping[str, Meets]
    note: str = ""


@dataclass(frozen=True, slots=True)
class HandOffer:
    """An offer as its reader took it from a message: signed by nobody, binding nobody.

    Shapes: `source` is the id of the message, `thread` where it stands, `vendor` who wrote it; `price` is
            None where no money changes hands, `ends_at` where the message names no end.
    """

    account: str
    id: str
    intent: str
    cast: str
    thread: str
    source: str
    vendor: Peer
    goods: str
    quantity: Quantity
    price: Money | None
    recorded_at: datetime
    delivery: str = ""
    ends_at: datetime | None = None
    answers: tuple[Answer, ...] = ()
    note: str = ""
    taken_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it still stands, as far as the message says."""
        return self.taken_at is None and (self.ends_at is None or self.ends_at > now)


def record(
    cast: PlainCast, intent: Intent, draft: HandDraft, *, offer_id: str, source: str, now: datetime
) -> HandOffer:
    """Write an offer down.

    Raises: InvalidInput for what cannot stand beside the other offers of the intent.
    """
    _check_texts(draft)
    _check_price(intent, draft.price)
    if draft.ends_at is not None and draft.ends_at <= now:
        raise InvalidInput("until", "that time is past", "Leave it out where the message names no end.")
    return HandOffer(
        account=cast.account,
        id=offer_id,
        intent=cast.intent,
        cast=cast.id,
        thread=cast.thread,
        source=source,
        vendor=cast.vendor,
        goods=draft.goods.strip(),
        quantity=draft.quantity,
        price=draft.price,
        recorded_at=now,
        delivery=draft.delivery.strip(),
        ends_at=draft.ends_at,
        answers=_answers(intent, draft.meets),
        note=draft.note.strip(),
    )


def _check_texts(draft: HandDraft) -> None:
    if not draft.goods.strip():
        raise InvalidInput("goods", "it is empty", "Say what they offer.")
    for name, text, most in (
        ("goods", draft.goods, _MOST_GOODS_CHARS),
        ("delivery", draft.delivery, _MOST_DELIVERY_CHARS),
        ("note", draft.note, _MOST_NOTE_CHARS),
    ):
        if len(text) > most:
            wrong = said("%(n)s characters", n=len(text))
            raise InvalidInput(name, wrong, said("Use at most %(n)s.", n=most))


def _check_price(intent: Intent, price: Money | None) -> None:
    """A price that can stand in one column with the others'."""
    if intent.currency is None:
        if price is not None:
            raise InvalidInput("price", "no money changes hands for this intent", "Leave the price out.")
    elif price is None:
        right = said("Write what all of it costs, in %(currency)s.", currency=intent.currency)
        raise InvalidInput("price", "is missing", right)
    elif price.currency != intent.currency:
        wrong = said("%(price)s is not in %(currency)s", price=price, currency=intent.currency)
        raise InvalidInput("price", wrong, "Convert it, and write the rate in the note.")
    elif price.amount_minor < 0:
        raise InvalidInput("price", "it is below 0", "Write a plain decimal such as 279.00.")


def _answers(intent: Intent, meets: Mapping[str, Meets]) -> tuple[Answer, ...]:
    known = {wish.id for wish in intent.wishes}
    for name in meets:
        if name not in known:
            wrong = said("there is no wish '%(wish)s'", wish=name[:40])
            raise InvalidInput("meets", wrong, said("These are there: %(wishes)s.", wishes=tuple(known)))
    return tuple(Answer(wish.id, "", meets.get(wish.id, Meets.UNKNOWN)) for wish in intent.wishes)


def take(offer: HandOffer, now: datetime) -> HandOffer:
    """It was bought, or agreed on, in the conversation. Raises: InvalidInput."""
    if offer.taken_at is not None:
        raise InvalidInput("offer", "it is marked as taken already", "There is nothing more to do.")
    return replace(offer, taken_at=now)
