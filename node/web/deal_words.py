"""What happened in a deal, in words for its customer: each kind of message once from her, once from them."""

from __future__ import annotations

from node.domain.messages import (
    Accept,
    Ask,
    Cancel,
    CancelReject,
    Cast,
    Counter,
    Decline,
    Feedback,
    Kind,
    Message,
    NoBid,
    Offer,
    Order,
    OrderAccept,
    Progress,
    Receipt,
    Refuse,
    Stage,
    Update,
)
from node.domain.values import Money
from node.queries.records import STANDING_OFFER, Record
from node.store.ports import JobState
from node.web import formats
from node.web.deal_reads import words_of
from node.web.i18n import N_, Locale
from node.web.names import REASONS, REFUSALS, named

__all__ = ["FIELDS", "PURPOSES", "delivery_words", "detail_of", "purpose_words", "said_in"]

_HERS: dict[str, str] = {
    Kind.CAST: N_("You told %(who)s what you want."),
    Kind.UPDATE: N_("You told %(who)s anew what you want."),
    Kind.WITHDRAW: N_("You took back what you had asked for."),
    Kind.ASK: N_("You wrote to %(who)s."),
    Kind.SHORTLIST: N_("You told %(who)s that its offer is among your last."),
    Kind.COUNTER: N_("You named another price to %(who)s."),
    Kind.ACCEPT: N_("You accepted the offer of %(who)s."),
    Kind.DECLINE: N_("You declined the offer of %(who)s."),
    Kind.ORDER: N_("You ordered from %(who)s."),
    Kind.CANCEL: N_("You asked %(who)s to call it off."),
    Kind.CANCEL_ACCEPT: N_("You agreed to call it off."),
    Kind.CANCEL_REJECT: N_("You did not agree to call it off."),
    Kind.PROGRESS: N_("You said that you have paid."),
    Kind.CONFIRM: N_("You confirmed that you received everything."),
    Kind.FEEDBACK: N_("You told %(who)s, and nobody else, how it was."),
    Kind.REFUSE: N_("Your node refused a message of %(who)s."),
}
_THEIRS: dict[str, str] = {
    Kind.ASK: N_("%(who)s wrote to you."),
    Kind.NO_BID: N_("%(who)s will make no offer."),
    Kind.OFFER: N_("%(who)s made an offer."),
    Kind.UNDO: N_("%(who)s withdrew its offer."),
    Kind.CONCLUDE: N_("%(who)s concluded: it is agreed."),
    Kind.ORDER_ACCEPT: N_("%(who)s took your order: it is agreed."),
    Kind.CANCEL: N_("%(who)s asks to call it off."),
    Kind.CANCEL_ACCEPT: N_("%(who)s agreed to call it off."),
    Kind.CANCEL_REJECT: N_("%(who)s did not agree to call it off."),
    Kind.RECEIPT: N_("%(who)s issued a receipt."),
    Kind.REFUSE: N_("The node of %(who)s refused a message of yours."),
    STANDING_OFFER: N_("%(who)s offered this to everybody."),
}
_STAGES = {
    Stage.PAID: N_("%(who)s says that money was paid."),
    Stage.DISPATCHED: N_("%(who)s has sent it off."),
    Stage.DELIVERED: N_("%(who)s says that it was delivered."),
    Stage.DONE: N_("%(who)s says that the work is done."),
    Stage.REFUNDED: N_("%(who)s gave money back."),
}
_OTHERWISE = N_("A message that this version cannot read.")

FIELDS = {
    "name": N_("Name"),
    "nicknames": N_("Nickname"),
    "addresses": N_("Address"),
    "phones": N_("Telephone"),
    "emails": N_("E-mail"),
    "onlineServices": N_("Online account"),
    "organizations": N_("Organisation"),
    "titles": N_("Title"),
    "notes": N_("A note"),
}
"""What a vendor may ask to know (JSContact)."""

PURPOSES = {
    "DeliveryOfGoods": N_("To bring you what you buy."),
    "FulfilmentOfContractualObligation": N_("To do what is agreed."),
    "PaymentManagement": N_("To settle the payment."),
    "CommunicationManagement": N_("To reach you about this deal."),
    "ServiceProvision": N_("To do the work."),
}
_NO_PURPOSE = N_("It does not say in words that we know what for: %(purpose)s")

_DELIVERIES = {
    JobState.QUEUED: N_("On its way to their server."),
    JobState.HELD: N_("Waits behind an earlier message that was given up."),
    JobState.EXPIRED: N_("Not delivered: its time had run out."),
    JobState.DEAD: N_("Given up: their server did not take it."),
    JobState.DROPPED: N_("Given up by you."),
}
_AGAIN = N_("Their server did not take it yet. It is tried again by itself.")


def said_in(record: Record, who: str, locale: Locale) -> str:
    """One message of a deal in a sentence."""
    message, kind = record.message, record.stored.kind
    if isinstance(message, Progress) and not record.is_sent:
        return locale.words(_STAGES[message.stage], who=who)
    found = (_HERS if record.is_sent else _THEIRS).get(kind, _OTHERWISE)
    return locale.words(found, who=who) if "%(" in found else locale.words(found)


def detail_of(message: Message | None, locale: Locale) -> tuple[str, ...]:
    """What a message says beyond its kind, a paragraph each; nothing where its kind says it all."""
    match message:
        case Cast() | Update():
            return (message.proposal.name,) if message.proposal.name else ()
        case Ask() | Feedback():
            return words_of(message.content)
        case NoBid() | Decline() | Cancel() | CancelReject():
            why = (named(REASONS, message.reason, locale),) if message.reason else ()
            return (*why, *words_of(message.content))
        case Counter():
            return (*_priced(message.proposal.price, None, locale), *words_of(message.content))
        case Offer() | Accept() | Order() | OrderAccept():
            item = message.agreement.item
            return _priced(message.agreement.price, item.name if item else None, locale)
        case Progress():
            return _progress(message, locale)
        case Receipt():
            return _priced(message.total, None, locale)
        case Refuse():
            return (named(REFUSALS, message.reason.value, locale),)
        case _:
            return ()


def _progress(message: Progress, locale: Locale) -> tuple[str, ...]:
    how_many = message.quantity
    is_one = how_many is not None and how_many.unit == "one" and how_many.value == 1
    much = formats.quantity(how_many, locale) if how_many is not None and not is_one else None
    said = _priced(message.amount, much, locale)
    return (*said, *([message.name] if message.name else []), *words_of(message.content))


def _priced(price: Money | None, what: str | None, locale: Locale) -> tuple[str, ...]:
    told = [part for part in (formats.money(price, locale) if price else None, what) if part]
    return (", ".join(told),) if told else ()


def delivery_words(record: Record, locale: Locale) -> str:
    """Where a message of ours is; "" for one that was delivered, or came."""
    job = record.job
    if job is None or job.state is JobState.DELIVERED:
        return ""
    again = job.state is JobState.QUEUED and job.attempts > 0
    return locale.words(_AGAIN if again else _DELIVERIES[job.state])


def purpose_words(purpose: str, locale: Locale) -> str:
    """What a field is asked for."""
    name = purpose.rpartition("#")[2].rpartition("/")[2]
    found = PURPOSES.get(name)
    return locale.words(found) if found is not None else locale.words(_NO_PURPOSE, purpose=purpose)
