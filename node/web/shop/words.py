"""What happened in a deal, in words for its vendor: each kind of message from us and from them."""

from __future__ import annotations

from node.domain.messages import Kind, Progress, Stage
from node.queries.records import STANDING_OFFER, Record
from node.web.i18n import N_, Locale

__all__ = ["said_in"]

_OURS: dict[str, str] = {
    Kind.ASK: N_("You wrote to them."),
    Kind.NO_BID: N_("You said that you make no offer."),
    Kind.OFFER: N_("You made an offer."),
    Kind.UNDO: N_("You took your offer back."),
    Kind.CONCLUDE: N_("Your node concluded: it is agreed."),
    Kind.ORDER_ACCEPT: N_("Your node took the order: it is agreed."),
    Kind.CANCEL: N_("You asked to call it off."),
    Kind.CANCEL_ACCEPT: N_("You agreed to call it off."),
    Kind.CANCEL_REJECT: N_("You did not agree to call it off."),
    Kind.RECEIPT: N_("You wrote a receipt."),
    Kind.REFUSE: N_("Your node refused a message of theirs."),
    STANDING_OFFER: N_("You had offered this to everybody."),
}
_THEIRS: dict[str, str] = {
    Kind.CAST: N_("They told you what they want."),
    Kind.UPDATE: N_("They told you anew what they want."),
    Kind.WITHDRAW: N_("They took back what they had asked for."),
    Kind.ASK: N_("They wrote to you."),
    Kind.SHORTLIST: N_("Your offer is among their last."),
    Kind.COUNTER: N_("They named another price."),
    Kind.ACCEPT: N_("They accepted your offer."),
    Kind.DECLINE: N_("They declined your offer."),
    Kind.ORDER: N_("They ordered."),
    Kind.CANCEL: N_("They ask to call it off."),
    Kind.CANCEL_ACCEPT: N_("They agreed to call it off."),
    Kind.CANCEL_REJECT: N_("They did not agree to call it off."),
    Kind.PROGRESS: N_("They say that they have paid."),
    Kind.CONFIRM: N_("They confirmed that they received everything."),
    Kind.FEEDBACK: N_("They told you, and nobody else, how it was."),
    Kind.REFUSE: N_("Their node refused a message of yours."),
}
_STAGES = {
    Stage.DISPATCHED: N_("You sent it off."),
    Stage.DELIVERED: N_("You said that it was delivered."),
    Stage.DONE: N_("You said that the work is done."),
    Stage.REFUNDED: N_("You gave money back."),
}
_OTHERWISE = N_("A message that this version cannot read.")


def said_in(record: Record, locale: Locale) -> str:
    """One message of a deal in a sentence."""
    message, kind = record.message, record.stored.kind
    if isinstance(message, Progress) and record.is_sent:
        return locale.words(_STAGES[message.stage])
    return locale.words((_OURS if record.is_sent else _THEIRS).get(kind, _OTHERWISE))
