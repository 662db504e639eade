"""How much this node is used, as NodeInfo tells everybody: counted, never guessed."""

from __future__ import annotations

from datetime import datetime, timedelta

from federation.nodeinfo import Usage
from node.domain.accounts import Account
from node.domain.notes import Visibility
from node.store.ports import Tx

__all__ = ["usage_of"]

MONTH = timedelta(days=30)
HALF_YEAR = timedelta(days=180)
_PUBLIC = frozenset({Visibility.PUBLIC})


def usage_of(tx: Tx, now: datetime) -> Usage:
    """Accounts, those of them that were used of late, and public posts; personas are nobody's business.

    Spec: NodeInfo 2.1 `usage`.
    """
    accounts = [account for account in tx.accounts.all() if not account.moved_to]
    used = [_used_at(tx, account) for account in accounts]
    return Usage(
        users=len(accounts),
        active_month=sum(at is not None and now - at <= MONTH for at in used),
        active_half_year=sum(at is not None and now - at <= HALF_YEAR for at in used),
        local_posts=sum(tx.posts.count_own(account.id, visibilities=_PUBLIC) for account in accounts),
    )


def _used_at(tx: Tx, account: Account) -> datetime | None:
    """When its owner last did something: was here, said something, or wanted something."""
    times = [session.last_seen_at for session in tx.sessions.all(account.id)]
    times += [post.at for post in tx.posts.own(account.id, limit=1)]
    times += [intent.created_at for intent in tx.intents.all(account.id, limit=1)]
    return max(times, default=None)
