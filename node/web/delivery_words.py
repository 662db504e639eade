"""Where a message is, and why, in words for its owner: each stage, each answer, each kind of message.

What the worker wrote down is read by its shape; its own words are shown beside, for those who look.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from node.domain.messages import Kind
from node.queries.deliveries import Stage, Standing
from node.store.stops import Stop
from node.web import formats
from node.web.i18n import N_, Locale

__all__ = ["KINDS", "STAGES", "cause_words", "kind_words", "stage_tone", "stage_words"]

KINDS: dict[str, str] = {
    Kind.CAST: N_("What is wanted"),
    Kind.UPDATE: N_("What is wanted, stated anew"),
    Kind.WITHDRAW: N_("Word that it is no longer wanted"),
    Kind.NO_BID: N_("Word that no offer will come"),
    Kind.ASK: N_("A message"),
    Kind.OFFER: N_("An offer"),
    Kind.UNDO: N_("Word that an offer is taken back"),
    Kind.SHORTLIST: N_("Word that an offer is among the last"),
    Kind.COUNTER: N_("A counter-offer"),
    Kind.ACCEPT: N_("An acceptance"),
    Kind.CONCLUDE: N_("The conclusion of a deal"),
    Kind.DECLINE: N_("A decline"),
    Kind.ORDER: N_("An order"),
    Kind.ORDER_ACCEPT: N_("Word that an order is taken"),
    Kind.CANCEL: N_("A request to call it off"),
    Kind.CANCEL_ACCEPT: N_("A yes to calling it off"),
    Kind.CANCEL_REJECT: N_("A no to calling it off"),
    Kind.PROGRESS: N_("Word on how far it is"),
    Kind.RECEIPT: N_("A receipt"),
    Kind.CONFIRM: N_("A confirmation that all was received"),
    Kind.FEEDBACK: N_("Private feedback"),
    Kind.REFUSE: N_("A refusal of a message"),
}
_ACTIVITIES = {
    "Create of Note": N_("A public post"),
    "Delete of Tombstone": N_("Word that a public post is gone"),
    "Update of Note": N_("A post, as it reads now"),
    "Add": N_("Word that a post is pinned"),
    "Remove": N_("Word that a post is pinned no more"),
    "Move": N_("Word that you have moved"),
    "Accept of Follow": N_("A yes to a follower"),
    "Reject of Follow": N_("A no to a follower"),
    "Update of Person": N_("Your name and summary, as they are now"),
    "Update of Organization": N_("Your name and summary, as they are now"),
    "Follow": N_("A wish to follow"),
    "Delete": N_("Word that somebody is gone"),
}
_OTHERWISE = N_("A message")

STAGES: dict[Stage, str] = {
    Stage.TURN: N_("Waiting for its turn"),
    Stage.TIME: N_("Leaves %(when)s"),
    Stage.RETRY: N_("Queued, trying again %(when)s: %(why)s"),
    Stage.SILENT: N_("Waiting: %(host)s has not answered since %(since)s; next try %(when)s"),
    Stage.ORDER: N_("Waiting for an earlier message of the same deal"),
    Stage.DELIVERED: N_("Delivered to their server %(when)s"),
    Stage.HELD: N_("Held behind an earlier message that was given up"),
    Stage.EXPIRED: N_("Given up %(when)s, after %(tries)s: %(why)s"),
    Stage.DEAD: N_("Given up %(when)s: %(why)s"),
    Stage.DROPPED: N_("Let go of by you %(when)s"),
    Stage.STOPPED: N_("Stopped before it was sent %(when)s: %(why)s"),
}
_TONES = {
    Stage.DELIVERED: "good",
    Stage.RETRY: "warn",
    Stage.SILENT: "warn",
    Stage.HELD: "warn",
    Stage.EXPIRED: "bad",
    Stage.DEAD: "bad",
}

_ANSWERS = {
    401: N_("their server could not check who signed it"),
    403: N_("their server takes nothing from this sender"),
    404: N_("their server knows no such account"),
    410: N_("their server says this account is gone"),
    413: N_("the message is too large for their server"),
    429: N_("their server asks to wait"),
}
_TROUBLE = N_("their server has trouble of its own (%(status)s)")
_FINAL = N_("their server answered %(status)s, which is final")
_CAUSES: tuple[tuple[str, str], ...] = (
    ("no answer", N_("their server did not answer")),
    ("did not answer", N_("their server did not answer")),
    ("its time ran out", N_("its time ran out before it could be delivered")),
    ("the key that would sign it is gone", N_("the key that would sign it is gone")),
    (Stop.TAKEN_BACK, N_("it was taken back")),
    (Stop.BLOCKED, N_("their domain is blocked here")),
    (Stop.SHUNNED, N_("whom it was for is blocked")),
    (Stop.UNREAD, N_("nobody there follows any more")),
    ("the inbox is no usable address", N_("their address cannot be used")),
    ("the guard forbids this address", N_("this node may not write to that address")),
)
_UNKNOWN = N_("something that this page has no words for")
_STATUS = re.compile(r"answered ([0-9]{3})\b", re.ASCII)


def kind_words(kind: str, activity: str, locale: Locale) -> str:
    """What a message is: by its kind in a deal, "" for none, else by its type of activity."""
    return locale.words(KINDS.get(kind) or _ACTIVITIES.get(activity, _OTHERWISE))


def stage_tone(stage: Stage) -> str:
    """How a badge with it looks: good, warn, bad, or plain."""
    return _TONES.get(stage, "")


def stage_words(one: Standing, now: datetime, locale: Locale) -> str:
    """Where one delivery is, in a sentence."""
    _, job = locale.words, one.job
    at = one.next_at if job.settled_at is None else job.settled_at
    values = {
        "when": formats.relative(at, now, locale) if at is not None else _("soon"),
        "why": cause_words(job.detail, locale),
        "host": urlsplit(one.lane).netloc,
        "since": _since(one, locale),
        "tries": _.ngettext("%(num)s try", "%(num)s tries", job.attempts),
    }
    words = _(STAGES[one.stage])
    return words % values if "%(" in words else words


def _since(one: Standing, locale: Locale) -> str:
    since = one.host.failing_since if one.host is not None else None
    return formats.moment(since, locale) if since is not None else locale.words("some time")


def cause_words(detail: str, locale: Locale) -> str:
    """Why a delivery failed, from what the worker wrote down."""
    found = _STATUS.search(detail)
    if found is not None:
        status = int(found[1])
        if status in _ANSWERS:
            return locale.words(_ANSWERS[status])
        return locale.words(_TROUBLE if status >= 500 and status != 501 else _FINAL, status=status)
    known = next((words for part, words in _CAUSES if part in detail), _UNKNOWN)
    return locale.words(known)
