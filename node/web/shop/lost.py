"""Why offers were lost: how many by reason, what became of all of them, and the last ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import DealState
from node.domain.plain_quotes import QuoteState
from node.web.shop.inbox import IntentLine, intent_line

__all__ = ["LostView", "lost_view"]

PAGE = 30
_LOST = (DealState.DECLINED, DealState.ANSWERABLE)
_WON = (DealState.CONCLUDED, DealState.CANCELLING, DealState.CONFIRMED)
_OPEN = (DealState.OFFERED, DealState.COUNTERED, DealState.ACCEPTING)


@dataclass(frozen=True, slots=True)
class LostView:
    """Shapes: `reasons` are (code, how many), most first, "" where none was given; `outcomes` likewise by
    a word of ours: won, open, lost, run out, withdrawn, no bid. Quotes to plain accounts are among the first,
    the second and the fourth.
    """

    reasons: tuple[tuple[str, int], ...]
    outcomes: tuple[tuple[str, int], ...]
    lines: tuple[IntentLine, ...]
    older: int | None
    is_first: bool


def lost_view(desk: Desk, account: Account, before: int | None) -> LostView:
    tally = desk.tx.deals.tally(account.id)
    reasons: Counter[str] = Counter()
    states: Counter[DealState] = Counter()
    for (state, reason), count in tally.items():
        states[state] += count
        if state in _LOST:
            reasons[reason] += count
    quotes: Counter[QuoteState] = Counter()
    for (quoted, _), count in desk.tx.plain_quotes.tally(account.id).items():
        quotes[quoted] += count
    page = desk.tx.deals.page(account.id, states=_LOST, before=before, limit=PAGE + 1)
    outcomes = (
        ("won", sum(states[state] for state in _WON) + quotes[QuoteState.CONCLUDED]),
        ("open", sum(states[state] for state in _OPEN) + quotes[QuoteState.OPEN]),
        ("lost", sum(states[state] for state in _LOST)),
        ("run out", states[DealState.EXPIRED] + quotes[QuoteState.EXPIRED]),
        ("withdrawn", states[DealState.WITHDRAWN]),
        ("no bid", states[DealState.NO_BID]),
    )
    return LostView(
        reasons=tuple(reasons.most_common()),
        outcomes=tuple((name, count) for name, count in outcomes if count),
        lines=tuple(intent_line(desk, deal) for _, deal in page[:PAGE]),
        older=page[PAGE - 1][0] if len(page) > PAGE else None,
        is_first=before is None,
    )
