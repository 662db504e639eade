"""From the names in an activity to the inboxes that it is posted to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from federation.activity import ADDRESSING
from federation.errors import TooLarge
from federation.jsonld import as_id, as_list
from federation.messages import JsonObject, JsonValue, Limits
from federation.vocab import is_public

__all__ = ["Recipient", "audience", "inboxes", "strip_blind"]

_BLIND = ("bto", "bcc")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where one actor receives; `shared_inbox` is "" where its server offers none."""

    id: str
    inbox: str
    shared_inbox: str = ""


def audience(document: JsonObject, *, limits: Limits) -> tuple[str, ...]:
    """Everyone whom an activity of ours names (`to cc bto bcc audience`, blind ones included), each once, in
    order.

    The public is nobody's inbox and is left out; so is the sender.
    Raises: TooLarge at `limits.recipients`.
    Spec:   ActivityPub §7.1.
    """
    sender = as_id(document.get("actor"))
    found: dict[str, None] = {}
    for name in ADDRESSING:
        for item in as_list(document.get(name)):
            recipient = as_id(item)
            if recipient and recipient != sender and not is_public(recipient):
                found[recipient] = None
    if len(found) >= limits.recipients:
        raise TooLarge(f"an activity goes to fewer than {limits.recipients} recipients")
    return tuple(found)


def strip_blind(document: JsonObject) -> JsonObject:
    """A copy without `bto` and `bcc`, at every depth: before it is signed, sent, stored for serving or
    served.

    Spec: ActivityPub §6 ("must remove"), `security P02`.
    """
    stripped: JsonObject = _without_blind(document)
    return stripped


def _without_blind(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _without_blind(child) for key, child in value.items() if key not in _BLIND}
    if isinstance(value, list):
        return [_without_blind(child) for child in value]
    return value


def inboxes(recipients: Iterable[Recipient], *, private: bool) -> tuple[str, ...]:
    """The inboxes to post to, each once, in order.

    A shared inbox stands for its actors where at least two of them receive there. `private` never uses one: a
    message for one person is not handed to whoever else reads that inbox, and its path says who it is for.
    Spec: ActivityPub §7.1.3; `interop §7` (1).
    """
    everyone = list(recipients)
    if private:
        return tuple(dict.fromkeys(recipient.inbox for recipient in everyone))
    readers = Counter(recipient.shared_inbox for recipient in everyone if recipient.shared_inbox)
    return tuple(
        dict.fromkeys(
            recipient.shared_inbox if readers[recipient.shared_inbox] > 1 else recipient.inbox
            for recipient in everyone
        )
    )
