"""What each notice is called in its reader's language, and what mail and push say: never what it is about.

A notice's code, else its kind, names a sentence; its values stand in it where they are known. Whoever adds a
kind adds its words here (a test says which are missing).
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from node.domain.notices import Topic, topic_of
from node.notices.mailing import Letter
from node.store.ports import Notice
from node.web.i18n import N_, Words, locale_for
from node.web.names import REFUSALS

__all__ = [
    "PLAIN",
    "TELLING",
    "TOPIC_HINTS",
    "TOPIC_NAMES",
    "TROUBLES",
    "code_letter",
    "letter_of",
    "nudge_of",
    "sentence_of",
]

PLAIN: dict[str, str] = {
    # of a customer's deals
    "offer": N_("An offer came."),
    "undo": N_("A vendor took its offer back."),
    "no bid": N_("A vendor will make no offer."),
    "conclude": N_("The vendor has confirmed: it is agreed."),
    "order accepted": N_("Your order is accepted: it is agreed."),
    "receipt": N_("The receipt has come."),
    "ends-soon": N_("An offer ends soon."),
    "offer-ended": N_("An offer has ended."),
    "not-concluded": N_("The vendor did not confirm in time. You are free to take another offer."),
    # of a vendor's
    "intent": N_("Somebody is looking for something."),
    "withdraw": N_("A customer took an intent back."),
    "draft": N_("Something of yours would fit. Look at it before it is offered."),
    "rule-offered": N_("A rule of yours has made an offer."),
    "rule-failed": N_("A rule of yours could not answer."),
    "shortlist": N_("Your offer is among the last."),
    "counter": N_("A customer would take it at another price."),
    "decline": N_("Your offer was declined."),
    "accept": N_("Your offer was accepted: it is agreed."),
    "order": N_("Something was ordered."),
    "confirm": N_("A customer confirms that all was received."),
    # of both
    "ask": N_("A message has come."),
    "cancel": N_("The other side asks to call a deal off."),
    "cancellation accepted": N_("A deal is called off."),
    "cancellation rejected": N_("A deal is not called off: the agreement stands."),
    "cancel-lapsed": N_("Nobody answered in time that a deal be called off."),
    "progress": N_("There is news of goods or money."),
    "presumed": N_("Nobody objected: the goods count as received."),
    "not-late": N_("The other side calls the confirmation late. The record shows that it was not."),
    "settle-by-hand": N_("An agreement has ended, but something had left the house. Settle it by hand."),
    "refused-there": N_("The other side refused something of yours."),
    "refused": N_("Something that came was refused."),
    "parked": N_("Something came before what it belongs to, and waits for it."),
    "feedback": N_("Feedback, to you alone."),
    "feedback-public": N_("Feedback about you was published."),
    "feedback-answered": N_("Your public feedback was answered."),
    "follow": N_("Somebody follows you."),
    "follow-asked": N_("Somebody asks to follow you."),
    "follow-accepted": N_("Somebody lets you follow them."),
    "follow-refused": N_("Somebody does not let you follow them."),
    "follow-ended": N_("Somebody has ended that you follow them."),
    "moved": N_("Somebody whom you know has moved."),
    "talk": N_("Somebody wrote to you from another server."),
    "quote-accepted": N_("A quote of yours was accepted: it is agreed."),
    "quote-cancelled": N_("A customer has cancelled what a quote had concluded."),
    "quote-sold-out": N_("A quote of yours was accepted, but it is sold out. Write to them."),
    "delivery": N_("Something that you sent did not arrive."),
    "clock-doubt": N_("The clock of this machine jumped, and is not believed. Nothing ends by it."),
    "clock-trusted": N_("The clock of this machine is believed again."),
}
"""By code or kind: what can be said without knowing more."""

TELLING: dict[str, tuple[str, str]] = {
    "intent": ("name", N_("Somebody is looking for: %(name)s")),
    "draft": ("item", N_("“%(item)s” would fit. Look at it before it is offered.")),
    "rule-offered": ("item", N_("A rule of yours has offered: %(item)s")),
    "rule-failed": ("rule", N_("The rule “%(rule)s” could not answer.")),
    "order": ("item", N_("Ordered: %(item)s")),
    "refused": ("reason", N_("Something that came was refused: %(reason)s.")),
    "refused-there": ("reason", N_("The other side refused something of yours: %(reason)s.")),
    "feedback-public": ("author", N_("Somebody at %(author)s published feedback about you.")),
    "feedback-answered": ("vendor", N_("%(vendor)s answered your public feedback.")),
    "follow": ("actor", N_("Somebody at %(actor)s follows you.")),
    "follow-asked": ("actor", N_("Somebody at %(actor)s asks to follow you.")),
    "follow-accepted": ("handle", N_("%(handle)s lets you follow them.")),
    "follow-refused": ("handle", N_("%(handle)s does not let you follow them.")),
    "follow-ended": ("handle", N_("%(handle)s has ended that you follow them.")),
    "moved": ("handle", N_("%(handle)s has moved, and you are asked whether to go along.")),
    "talk": ("peer", N_("%(peer)s wrote to you.")),
    "quote-accepted": ("item", N_("Your quote was accepted, it is agreed: %(item)s")),
    "quote-cancelled": ("item", N_("A customer has cancelled: %(item)s")),
    "quote-sold-out": ("item", N_("Accepted, but sold out: %(item)s. Write to them.")),
    "delivery": ("host", N_("Something that you sent did not arrive at %(host)s.")),
}
"""By code or kind: the value that must be known, and what can be said with it."""

TROUBLES: dict[str, str] = {
    "unreachable": N_("It could not be reached."),
    "refused": N_("It refused."),
    "address": N_("The mail server says that this address takes no mail."),
    "log-in": N_("The mail server does not let this node in: user or password."),
    "fault": N_("This node stumbled over it. Its log says why."),
    "password": N_("The file with the password for the mail server cannot be read."),
}
"""Why the last try failed, by the word that an outlet keeps."""

TOPIC_NAMES: dict[Topic, str] = {
    Topic.OFFERS: N_("Offers"),
    Topic.INTENTS: N_("New intents"),
    Topic.DRAFTS: N_("Drafts for a person"),
    Topic.MESSAGES: N_("Messages"),
    Topic.ACCEPTANCES: N_("Acceptances and orders"),
    Topic.DEALS: N_("Changes of deals"),
    Topic.ENDING: N_("Offers about to end"),
    Topic.FEEDBACK: N_("Feedback"),
    Topic.FOLLOWERS: N_("Followers"),
    Topic.DELIVERIES: N_("What did not arrive"),
    Topic.NODE: N_("The node itself"),
}
TOPIC_HINTS: dict[Topic, str] = {
    Topic.OFFERS: N_("An offer comes, is taken back, or there will be none."),
    Topic.INTENTS: N_("Somebody is looking for something, or no longer."),
    Topic.DRAFTS: N_("Something would fit, but nobody has looked at it."),
    Topic.MESSAGES: N_("A question or a word on a deal."),
    Topic.ACCEPTANCES: N_("Somebody takes an offer, or orders."),
    Topic.DEALS: N_("Confirmed, called off, shipped, paid, received, refused."),
    Topic.ENDING: N_("A quarter of its time is left, at most a day."),
    Topic.FEEDBACK: N_("In private or in public."),
    Topic.FOLLOWERS: N_("Somebody follows you, or asks to."),
    Topic.DELIVERIES: N_("A message of yours was given up."),
    Topic.NODE: N_("The clock of its machine."),
}


_ACTORS = frozenset({"author", "actor"})


def _host(actor: str) -> str:
    """Where an actor lives: all that is known of somebody whose name nobody has asked for."""
    return urlsplit(actor).netloc or actor


def sentence_of(notice: Notice, words: Words) -> str:
    """What happened, in the reader's words; what an older version of this program wrote stays as it is."""
    code = notice.code or notice.kind
    values = {name: _host(value) if name in _ACTORS else value for name, value in notice.values.items()}
    if notice.reason is not None:
        values["reason"] = words(REFUSALS.get(notice.reason.value, notice.reason.value))
    needed, telling = TELLING.get(code, ("", ""))
    if telling and values.get(needed):
        return words(telling, **values)
    plain = PLAIN.get(code)
    return words(plain) if plain is not None else notice.text


def nudge_of(notices: Sequence[Notice], words: Words) -> str:
    """What a browser says that was nudged: a kind and a number, on whatever screen it may be read."""
    if not notices:
        return words("Nothing new: it was read meanwhile.")
    if len(notices) == 1:
        return words(TOPIC_NAMES[topic_of(notices[0].kind, notices[0].code)])
    return words.ngettext("%(num)s new notice", "%(num)s new notices", len(notices))


# --- mail -------------------------------------------------------------------------------------------------


def letter_of(language: str, counts: Sequence[tuple[Topic, int]], base_url: str) -> Letter:
    """The mail that says that there is something, of which kind, and where it stands."""
    _ = locale_for(language).words
    host = base_url.partition("://")[2]
    lines = [f"- {_(TOPIC_NAMES[topic])}: {count}" for topic, count in counts]
    text = [
        _("There is something new for you:"),
        "\n".join(lines),
        _("What it is stands on your pages alone:"),
        f"{base_url}/my/notices",
        "-- \n" + _("You asked for this. Change or end it here:"),
        f"{base_url}/my/settings/notices",
    ]
    return Letter(_("Something new on %(host)s", host=host), "\n\n".join(text) + "\n")


def code_letter(words: Words, code: str, base_url: str) -> Letter:
    """The mail that lets an owner show that an address is theirs."""
    _, host = words, base_url.partition("://")[2]
    text = [
        _("This code confirms that notices of %(host)s may be mailed to you:", host=host),
        f"    {code[:4]} {code[4:]}",
        _("Type it on this page within 30 minutes:"),
        f"{base_url}/my/settings/notices",
        _("If you did not ask for it, do nothing: no more will come."),
    ]
    return Letter(_("Your code for %(host)s", host=host), "\n\n".join(text) + "\n")
