"""The vendor's rules, and what one would have done with the intents that came already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import DealState
from node.domain.matching import Rule, Verdict
from node.domain.values import Money
from node.web.shop.deals import place_of
from node.web.shop.inbox import title_of

__all__ = ["Outcome", "RulesView", "TryView", "rules_view", "try_view"]

TRIED = 20


@dataclass(frozen=True, slots=True)
class RulesView:
    rules: tuple[Rule, ...]
    has_catalogue: bool


def rules_view(desk: Desk, account: Account) -> RulesView:
    return RulesView(tuple(desk.tx.rules.all(account.id)), bool(desk.tx.catalogue.all(account.id, limit=1)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule would have done with one intent: `why` says what a person would have had to judge."""

    place: str
    title: str
    came_at: datetime | None
    state: DealState
    verdict: Verdict
    item: str = ""
    price: Money | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TryView:
    """A rule upon the newest intents, with the catalogue as it is today."""

    rule: Rule
    outcomes: tuple[Outcome, ...]
    offers: int
    drafts: int


def try_view(desk: Desk, account: Account, rule: Rule) -> TryView:
    outcomes = tuple(_outcomes(desk, account, rule))
    return TryView(
        rule,
        outcomes,
        offers=sum(one.verdict is Verdict.OFFER for one in outcomes),
        drafts=sum(one.verdict is Verdict.DRAFT for one in outcomes),
    )


def _outcomes(desk: Desk, account: Account, rule: Rule) -> Iterator[Outcome]:
    for _, deal in desk.tx.deals.page(account.id, limit=TRIED):
        proposal = deal.proposal
        if proposal is None:
            continue
        came_at = deal.created_at or proposal.published_at
        judged = desk.tx.catalogue.best(account.id, proposal, (rule,), came_at)
        if judged is None:
            yield Outcome(place_of(deal.id), title_of(deal), came_at, deal.state, Verdict.NONE)
            continue
        yield Outcome(
            place=place_of(deal.id),
            title=title_of(deal),
            came_at=came_at,
            state=deal.state,
            verdict=judged.verdict,
            item=judged.item.name,
            price=judged.price(proposal.quantity.value),
            why=judged.why,
        )
