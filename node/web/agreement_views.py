"""What was agreed in a deal, for good; and what proves it."""

from __future__ import annotations

from dataclasses import dataclass

from federation.messages import Limits
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import Acceptance, Deal
from node.queries.records import read_records
from node.services.disclosure import read_card
from node.web.deal_reads import (
    OfferShown,
    Peer,
    deal_page,
    find_deal_of,
    peer_of,
    read_offer,
    ref_of,
)
from node.web.deal_views import Line, title_of, told, watch_deal
from node.web.deal_words import FIELDS
from node.web.events import mark_of
from node.web.i18n import Locale

__all__ = ["AgreementView", "EvidenceView", "agreement_view", "evidence_view"]


@dataclass(frozen=True, slots=True)
class AgreementView:
    """The record of an acceptance: what she said yes to, and what became of it."""

    deal: Deal
    page: str
    title: str
    peer: Peer
    persona: str
    acceptance: Acceptance
    shown: OfferShown
    disclosed: tuple[tuple[str, str], ...]
    mark: str

    @property
    def state(self) -> str:
        return self.acceptance.state.value

    def disclosed_as(self, locale: Locale) -> list[tuple[str, str]]:
        """What she let them know, by the names of the fields."""
        return [(locale.words(FIELDS[name]), value) for name, value in self.disclosed]

    @property
    def reference(self) -> str:
        """What she can name to the vendor: the end of the agreement's id."""
        return ref_of(self.acceptance.agreement_id)


def agreement_view(desk: Desk, account: Account, ref: str, limits: Limits) -> AgreementView | None:
    """None where nothing was accepted in this deal. Raises: Missing."""
    deal = find_deal_of(desk, account, ref)
    acceptance = deal.acceptance
    offer = deal.offer(acceptance.offer_id) if acceptance is not None else None
    if acceptance is None or offer is None:
        return None
    intent = desk.tx.intents.get(deal.intent_id) if deal.intent_id is not None else None
    return AgreementView(
        deal=deal,
        page=deal_page(deal),
        title=title_of(desk, deal),
        peer=peer_of(desk, deal),
        persona="" if deal.own == account.id else deal.own,
        acceptance=acceptance,
        shown=read_offer(desk, deal, offer, intent, limits),
        disclosed=read_card(acceptance.disclosed),
        mark=mark_of(watch_deal(desk, account, ref)),
    )


# --- what proves it ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """Every message with its signature, checked just now."""

    deal: Deal
    page: str
    title: str
    peer: Peer
    lines: tuple[Line, ...]

    @property
    def holding(self) -> int:
        return sum(line.seal.holds for line in self.lines)


def evidence_view(desk: Desk, account: Account, ref: str, limits: Limits, locale: Locale) -> EvidenceView:
    """Raises: Missing."""
    deal = find_deal_of(desk, account, ref)
    peer = peer_of(desk, deal)
    lines = tuple(told(record, peer, locale) for record in read_records(desk, deal, limits))
    return EvidenceView(deal, deal_page(deal), title_of(desk, deal), peer, lines)
