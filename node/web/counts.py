"""How much is new, beside the names of the navigation and in the title: a few numbers by index, no lists.

What is new is counted by deal, and by the page that shows it; whoever opens it there has seen it.
"""

from __future__ import annotations

from collections.abc import Mapping

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.notices import Topic, topic_of
from node.queries.deliveries import count_failed

__all__ = ["MOST", "counts_of"]

MOST = 100
"""No further is counted; a page says "99+" then."""
_ENTRIES: Mapping[AccountKind, Mapping[Topic, str]] = {
    AccountKind.PERSON: {
        Topic.OFFERS: "intents",
        Topic.ENDING: "intents",
        Topic.MESSAGES: "deals",
        Topic.DEALS: "deals",
    },
    AccountKind.VENDOR: {
        Topic.INTENTS: "inbox",
        Topic.DRAFTS: "inbox",
        Topic.MESSAGES: "messages",
        Topic.ACCEPTANCES: "deals",
        Topic.DEALS: "deals",
    },
}
"""Under which entry something new is counted; the rest is told among the notices alone."""
_IN_TALKS = ("talk", "quote")
"""What is new in conversations is counted there, by thread."""


def counts_of(desk: Desk, account: Account) -> Mapping[str, int]:
    """The numbers by entry: `inbox`, `intents`, `deals`, `messages`, `deliveries`, `conversations`, and
    `notices` for all that is new. An entry with nothing new is left out.
    """
    entries = _ENTRIES[account.kind]
    new: dict[str, set[str]] = {}
    unread = desk.tx.news.kinds(account.id, most=MOST)
    for kind, code, deal_id in unread:
        entry = entries.get(topic_of(kind, code)) if kind not in _IN_TALKS else None
        if entry is not None and deal_id:
            new.setdefault(entry, set()).add(deal_id)
    found = {entry: len(deals) for entry, deals in new.items()}
    found["notices"] = len(unread)
    found["deliveries"] = count_failed(desk, account, most=MOST)
    found["conversations"] = desk.tx.threads.unread(account.id)
    return {entry: count for entry, count in found.items() if count}
