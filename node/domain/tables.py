"""Which message may come in which state, from whom, and where it leads.

Four tables: one for each side of a deal, one for each side of an order of a standing offer. The same tables
decide for inbound and outbound, for pages, API and command line. A pair that is not listed is refused.

A row leads to a state, or to one of three marks:
- AFTER   the state follows from what is left (live offers, pending cancellations): `transitions.settle`
- SAME    recorded, the state stays; an echo of what was settled already changes nothing
- PARK    it answers something that is still on its way
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from node.domain.deals import DealKind
from node.domain.deals import DealState as S
from node.domain.messages import Kind as K
from node.domain.messages import Sender

__all__ = ["TABLES", "Mark", "Table", "is_terminal"]


class Mark(Enum):
    AFTER = "after"
    SAME = "same"
    PARK = "park"


AFTER, SAME, PARK = Mark.AFTER, Mark.SAME, Mark.PARK
C, V, T = Sender.CUSTOMER, Sender.VENDOR, Sender.CLOCK
Table = dict[tuple[S, K, Sender], S | Mark]

_BEFORE = (S.OPEN, S.OFFERED, S.COUNTERED)
_AGREED = (S.CONCLUDED, S.CANCELLING, S.CONFIRMED, S.CANCELLED)
_ENDED_HERE = (S.ANSWERABLE, S.DECLINED, S.NO_BID, S.WITHDRAWN, S.EXPIRED)
_ENDED = (*_ENDED_HERE, S.REFUSED)


def _rows(states: Iterable[S], kind: K, senders: Iterable[Sender], to: S | Mark) -> Table:
    return {(state, kind, sender): to for state in states for sender in senders}


def _agreement(peer: Sender) -> Table:
    """Once agreed, intents and orders go the same way; only the other side's refusals come in."""
    return {
        **_rows(_AGREED, K.ASK, (C, V), SAME),
        **_rows((S.CONCLUDED, S.CANCELLING, S.CONFIRMED), K.PROGRESS, (C, V), SAME),
        # Once cancelled, money can go back, and what the other had sent before it knew comes in.
        **_rows((S.CANCELLED,), K.PROGRESS, (peer, V), SAME),
        **_rows((S.CONCLUDED, S.CANCELLING, S.CONFIRMED), K.RECEIPT, (V,), SAME),
        # Her own word may follow what a clock had only presumed.
        **_rows((S.CONCLUDED, S.CANCELLING, S.CONFIRMED), K.CONFIRM, (C,), S.CONFIRMED),
        **_rows(_AGREED, K.FEEDBACK, (C,), SAME),
        **_rows((S.CONCLUDED, S.CANCELLING), K.CANCEL, (C, V), S.CANCELLING),
        # An answer to a cancellation counts even when the proposer's clock had given it up.
        **_rows(_AGREED, K.CANCEL_ACCEPT, (C, V), S.CANCELLED),
        **_rows(_AGREED, K.CANCEL_REJECT, (C, V), AFTER),
        **_rows((S.CONCLUDED, S.CANCELLING), K.TICK, (T,), AFTER),
        **_rows(_AGREED, K.REFUSE, (peer,), AFTER),
    }


CUSTOMER: Table = {
    (S.NEW, K.CAST, C): S.OPEN,
    **_rows((*_BEFORE, S.NO_BID), K.UPDATE, (C,), S.OPEN),
    **_rows((*_BEFORE, S.ANSWERABLE, S.NO_BID), K.WITHDRAW, (C,), S.WITHDRAWN),
    **_rows((*_BEFORE, S.ACCEPTING, S.ANSWERABLE), K.ASK, (C, V), SAME),
    **_rows((S.OPEN, S.COUNTERED), K.NO_BID, (V,), S.NO_BID),
    # The withdrawal of the offer that still stands here is on its way.
    **_rows((S.OFFERED, S.ACCEPTING), K.NO_BID, (V,), PARK),
    **_rows((*_BEFORE, S.ANSWERABLE), K.OFFER, (V,), S.OFFERED),
    (S.ACCEPTING, K.OFFER, V): SAME,
    (S.OFFERED, K.SHORTLIST, C): SAME,
    (S.OFFERED, K.COUNTER, C): AFTER,
    (S.OFFERED, K.DECLINE, C): AFTER,
    (S.OFFERED, K.ACCEPT, C): S.ACCEPTING,
    (S.ACCEPTING, K.CONCLUDE, V): S.CONCLUDED,
    **_rows(_BEFORE, K.UNDO, (V,), AFTER),
    **_rows((S.ACCEPTING, *_AGREED, *_ENDED), K.UNDO, (V,), SAME),
    **_rows((S.ACCEPTING,), K.PROGRESS, (V,), PARK),
    **_rows((S.ACCEPTING,), K.RECEIPT, (V,), PARK),
    **_rows((S.ACCEPTING,), K.CANCEL, (V,), PARK),
    **_rows((*_BEFORE, S.ACCEPTING, *_ENDED), K.REFUSE, (V,), AFTER),
    **_rows((*_BEFORE, S.ACCEPTING, S.ANSWERABLE), K.TICK, (T,), AFTER),
    **_agreement(V),
}

# What she did while this side's word (an end, a withdrawal, a no bid) was on its way to her is taken here in
# the ended states too; it binds nobody and spares her a refusal that she could not have foreseen.
VENDOR: Table = {
    (S.NEW, K.CAST, C): S.OPEN,
    **_rows((S.NEW,), K.UPDATE, (C,), PARK),
    **_rows((S.NEW,), K.WITHDRAW, (C,), PARK),
    **_rows((S.NEW,), K.ASK, (C,), PARK),
    **_rows((*_BEFORE, S.ANSWERABLE, S.DECLINED, S.NO_BID, S.EXPIRED), K.UPDATE, (C,), S.OPEN),
    **_rows(
        (*_BEFORE, S.ANSWERABLE, S.DECLINED, S.NO_BID, S.EXPIRED, S.WITHDRAWN), K.WITHDRAW, (C,), S.WITHDRAWN
    ),
    **_rows((*_BEFORE, S.ANSWERABLE), K.ASK, (C, V), SAME),
    **_rows((S.OPEN, S.COUNTERED), K.NO_BID, (V,), S.NO_BID),
    **_rows((*_BEFORE, S.ANSWERABLE), K.OFFER, (V,), S.OFFERED),
    (S.OFFERED, K.UNDO, V): AFTER,
    **_rows((*_BEFORE, *_ENDED_HERE), K.SHORTLIST, (C,), SAME),
    **_rows((*_BEFORE, S.ANSWERABLE, S.DECLINED, S.NO_BID, S.EXPIRED), K.COUNTER, (C,), AFTER),
    **_rows((*_BEFORE, *_ENDED_HERE), K.DECLINE, (C,), AFTER),
    (S.OFFERED, K.ACCEPT, C): S.ACCEPTING,
    (S.ACCEPTING, K.CONCLUDE, V): S.CONCLUDED,
    **_rows((*_BEFORE, *_ENDED_HERE), K.REFUSE, (C,), AFTER),
    **_rows((*_BEFORE, S.ACCEPTING, S.ANSWERABLE), K.TICK, (T,), AFTER),
    **_agreement(C),
}

ORDER_CUSTOMER: Table = {
    (S.NEW, K.ORDER, C): S.ORDERED,
    (S.ORDERED, K.ORDER_ACCEPT, V): S.CONCLUDED,
    (S.ORDERED, K.REFUSE, V): AFTER,
    **_rows((S.ORDERED,), K.ASK, (C, V), SAME),
    **_rows((S.ORDERED,), K.PROGRESS, (V,), PARK),
    **_rows((S.ORDERED,), K.RECEIPT, (V,), PARK),
    **_rows((S.ORDERED,), K.CANCEL, (V,), PARK),
    **_rows((S.EXPIRED, S.REFUSED), K.REFUSE, (V,), AFTER),
    (S.ORDERED, K.TICK, T): AFTER,
    **_agreement(V),
}

ORDER_VENDOR: Table = {
    (S.NEW, K.ORDER, C): S.ORDERED,
    **_rows((S.NEW,), K.ASK, (C,), PARK),
    (S.ORDERED, K.ORDER_ACCEPT, V): S.CONCLUDED,
    **_rows((S.ORDERED,), K.ASK, (C, V), SAME),
    (S.ORDERED, K.TICK, T): AFTER,
    **_agreement(C),
}

TABLES: dict[tuple[DealKind, Sender], Table] = {
    (DealKind.INTENT, C): CUSTOMER,
    (DealKind.INTENT, V): VENDOR,
    (DealKind.ORDER, C): ORDER_CUSTOMER,
    (DealKind.ORDER, V): ORDER_VENDOR,
}


def is_terminal(state: S) -> bool:
    """No clock and no message of ours is awaited any more."""
    return state in (S.CANCELLED, S.CONFIRMED, S.DECLINED, S.NO_BID, S.WITHDRAWN, S.EXPIRED, S.REFUSED)
