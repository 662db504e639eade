"""The rules' best answer to a proposal, found among a hundred thousand items without reading them all.

The result is that of `domain.matching.choose` over the whole catalogue, which judges every item that is read
here as well. What the tables know of an item (price, stock, properties) only leaves out what cannot win:
numbers there are rounded to floats, so that every condition lets a little more through than it must.

    offers    items whose properties meet every wish marked must, cheapest first
    drafts    where no offer is possible: items that fail none of them

In both the cheapest few are judged first. Where none of these meets all the wishes that something meets, the
rest are read in the order of how many they meet, until none that follows could be better.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from node.domain.catalogue import CatalogueItem
from node.domain.intents import Proposal, Weight, Wish
from node.domain.matching import Judgement, Rule, Verdict, judge, rank_of, serves, wanted_number
from node.store.sqlite.codec import Json

__all__ = ["find_best"]

_ITEM = Json(CatalogueItem)
_CHEAPEST = 200
"""So many are judged in the order of their prices before the wishes are counted."""
_FEW = 500
"""With at most so many items that meet a wish, these are where the search starts."""

_PROPERTY = "SELECT 1 FROM catalogue_property AS p WHERE p.account = i.account AND p.sku = i.sku AND "
_OF_CATEGORY = (
    "FROM catalogue_property AS p INDEXED BY {index}"
    " WHERE p.account = :account AND p.category = :category AND {met}"
)
_FROM_FEW = "({few}) CROSS JOIN catalogue_item AS i ON i.sku = few"
_FEW_BY = f"SELECT p.sku AS few {_OF_CATEGORY}"
_COUNT = f"SELECT count(*) FROM (SELECT 1 {_OF_CATEGORY} LIMIT {{limit}})"  # noqa: S608 - fixed text
_BY_NUMBER, _BY_WORDS = "catalogue_property_low", "catalogue_property_words"
_NEAREST = " ORDER BY p.low DESC"  # of the ranges that begin below a value the nearest hold it most often
_ROW = "price, delivery, i.rowid AS id"
_BY_PRICE = "SELECT {met} AS met, {row} {frame} ORDER BY price, i.sku"
_BY_WISHES = "SELECT {met} AS met, {row} {frame} ORDER BY met DESC, price, i.sku"
_ITEMS = "SELECT count(*) FROM catalogue_item WHERE account = :account AND category = :category"
_LEAST_DELIVERY = (
    "SELECT min(delivery) FROM catalogue_item WHERE account = :account AND category = :category"
    " AND unit = :unit AND currency = :currency"
)


def find_best(
    db: sqlite3.Connection, account: str, proposal: Proposal, rules: Iterable[Rule], now: datetime
) -> Judgement | None:
    """The best offer, else the best draft, else None; as `domain.matching.choose` over all items."""
    places = [(rule, served) for rule in rules if (served := serves(proposal, rule)) is not False]
    if not places or proposal.currency is None:
        return None
    search = _Search(db, account, proposal, now)
    sure = [rule for rule, served in places if served]
    if sure and all(condition in search.wishes for condition in search.musts):
        offer = search.run(Verdict.OFFER, sure)
        if offer is not None:
            return offer
    return search.run(Verdict.DRAFT, [rule for rule, _ in places])


# --- wishes as conditions -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Condition:
    """One wish in SQL over a row `p` of `catalogue_property`; `name` keeps its parameters apart."""

    wish: Wish
    name: str
    number: Decimal | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", wanted_number(self.wish.value or ""))

    @property
    def can_be_met(self) -> bool:
        """Whether any item could meet it: words alone are for people to judge."""
        known = self.wish.op == "is" or (self.number is not None and self.wish.op in ("fits", "min", "max"))
        return self.wish.is_structured and known

    @property
    def met(self) -> str:
        """Whether the row meets it, or comes so near that it must be judged."""
        return f"{_stated(self.name)} AND {_holds(self.name, self.wish.op)}"

    @property
    def met_by(self) -> tuple[tuple[str, str], ...]:
        """The same, one way at a time, with the index that finds it."""
        return _met_by(self.name, self.wish.op)

    @property
    def failed(self) -> str:
        """Whether the row surely fails it."""
        return f"{_stated(self.name)} AND NOT ({_holds(self.name, self.wish.op)})"

    @property
    def comparable(self) -> str:
        """Whether the row surely either meets or fails it."""
        known = "" if self.wish.op == "is" else " AND p.low IS NOT NULL AND p.high IS NOT NULL"
        return _stated(self.name) + known

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            self.name: self.wish.prop,
            f"{self.name}_unit": self.wish.unit,
            f"{self.name}_words": (self.wish.value or "").casefold(),
            f"{self.name}_is": None if self.number is None else float(self.number),
        }


def _ways(name: str, op: str | None) -> tuple[str, ...]:
    """In how many ways a wish can be met, each of them found by an index."""
    match op:
        case "is":
            return f"p.words = :{name}_words", f"p.low = :{name}_is AND p.high = :{name}_is"
        case "fits":
            return (f"p.low <= :{name}_is AND p.high >= :{name}_is",)
        case "min":
            return (f"p.low >= :{name}_is",)
        case _:
            return (f"p.high <= :{name}_is",)


def _holds(name: str, op: str | None) -> str:
    words, *numbers = _ways(name, op)
    return f"({words} OR coalesce({numbers[0]}, FALSE))" if numbers else words


def _stated(name: str) -> str:
    return f"p.name = :{name} AND (p.unit IS NULL OR :{name}_unit IS NULL OR p.unit = :{name}_unit)"


@lru_cache(256)
def _met_by(name: str, op: str | None) -> tuple[tuple[str, str], ...]:
    indexes = (_BY_WORDS, _BY_NUMBER) if op == "is" else (_BY_NUMBER,)
    return tuple(
        (index, f"{_stated(name)} AND {way}") for index, way in zip(indexes, _ways(name, op), strict=True)
    )


# --- the search ---------------------------------------------------------------------------------------------


class _Search:
    """One proposal against one catalogue. `wishes` are those that some item meets."""

    def __init__(self, db: sqlite3.Connection, account: str, proposal: Proposal, now: datetime) -> None:
        self._db = db
        self._proposal = proposal
        self._now = now
        place = proposal.place.name if proposal.place is not None else None
        self._parameters: dict[str, Any] = {
            "account": account,
            "category": proposal.category,
            "unit": proposal.quantity.unit,
            "currency": proposal.currency,
            "quantity": float(proposal.quantity.value),
            "area": place.casefold() if place else None,
            "most_days": None if proposal.due_at is None else (proposal.due_at - now).days,
        }
        conditions = [_Condition(wish, f"w{number}") for number, wish in enumerate(proposal.wishes)]
        for condition in conditions:
            self._parameters |= condition.parameters
        self.musts = [condition for condition in conditions if condition.wish.weight is Weight.MUST]
        self._met = {one.name: self._met_by(one) if one.can_be_met else 0 for one in conditions}
        self.wishes = [condition for condition in conditions if self._met[condition.name]]

    def run(self, verdict: Verdict, rules: Sequence[Rule]) -> Judgement | None:
        """The best judgement with this verdict."""
        best = _Best(self._proposal, verdict, rules, self._now, self._least_delivery)
        frame = self._candidates(verdict, rules)
        by_price = _BY_PRICE.format(met=len(self.wishes), row=_ROW, frame=frame)
        if best.is_found_in(self._rows(by_price), self._load, at_most=_CHEAPEST):
            return best.judgement
        met = " + ".join(f"EXISTS ({_PROPERTY}{condition.met})" for condition in self.wishes)
        by_wishes = _BY_WISHES.format(met=met or "0", row=_ROW, frame=frame)
        best.is_found_in(self._rows(by_wishes), self._load)
        return best.judgement

    def _least_delivery(self) -> int:
        """What delivery of any item costs at least."""
        return self._db.execute(_LEAST_DELIVERY, self._parameters).fetchone()[0] or 0

    def _rows(self, query: str) -> Iterator[tuple[int, int, int, int]]:
        return iter(self._db.execute(query, self._parameters))

    def _load(self, number: int) -> CatalogueItem:
        row = self._db.execute("SELECT data FROM catalogue_item WHERE rowid = ?", (number,)).fetchone()
        return _ITEM.load(row[0])

    def _candidates(self, verdict: Verdict, rules: Sequence[Rule]) -> str:
        """FROM and WHERE: what is not surely out of the question."""
        where = [
            "i.account = :account AND i.category = :category AND i.unit = :unit AND i.currency = :currency",
            "(free IS NULL OR free >= :quantity)",
            "(:most_days IS NULL OR lead_days <= :most_days)",
        ]
        if (most := self._most(verdict, rules)) is not None:
            self._parameters["most"] = most
            where.append("price <= :most")
        if verdict is Verdict.OFFER:
            where.append("(area IS NULL OR area = :area)")
        start = "catalogue_item AS i"
        for condition in self.musts:
            has_few = condition.can_be_met and self._met[condition.name] <= _FEW
            if verdict is Verdict.OFFER or (has_few and self._is_known_of_all(condition)):
                where.append(f"EXISTS ({_PROPERTY}{condition.met})")
                if has_few:
                    few = (_FEW_BY.format(index=index, met=met) for index, met in condition.met_by)
                    start = _FROM_FEW.format(few=" UNION ".join(few))
            elif condition.can_be_met:
                where.append(f"NOT EXISTS ({_PROPERTY}{condition.failed})")
        return f"FROM {start} WHERE {' AND '.join(where)}"

    def _met_by(self, condition: _Condition) -> int:
        """How many items of the category meet a wish, if they are few."""
        order = _NEAREST if condition.wish.op == "fits" else ""
        return sum(self._count(index, met + order, _FEW + 1) for index, met in condition.met_by)

    def _is_known_of_all(self, condition: _Condition) -> bool:
        """Whether every item of the category either meets the wish or fails it."""
        items = int(self._db.execute(_ITEMS, self._parameters).fetchone()[0])
        return self._count(_BY_NUMBER, condition.comparable, items) == items

    def _count(self, index: str, met: str, limit: int) -> int:
        query = _COUNT.format(index=index, met=met, limit=limit)
        return int(self._db.execute(query, self._parameters).fetchone()[0])

    def _most(self, verdict: Verdict, rules: Sequence[Rule]) -> int | None:
        """The highest price of one that could come within what may be asked for it all; None for any."""
        limits = [self._proposal.budget.maximum] if self._proposal.budget is not None else []
        if verdict is Verdict.OFFER and self._proposal.price is not None:
            limits.append(self._proposal.price)
        kept = 100 - max(rule.discount_percent for rule in rules)
        if not limits or kept <= 0 or self._proposal.quantity.value <= 0:
            return None
        total = min(limit.amount_minor for limit in limits) + 1
        return min(int(total * 100 / (kept * self._proposal.quantity.value)) + 1, 2**62)


class _Best:
    """The best judgement so far, and whether what follows can be better."""

    def __init__(
        self,
        proposal: Proposal,
        verdict: Verdict,
        rules: Sequence[Rule],
        now: datetime,
        least_delivery: Callable[[], int],
    ) -> None:
        """`least_delivery` is asked once, and only where there is something to compare."""
        self._proposal = proposal
        self._verdict = verdict
        self._rules = rules
        self._now = now
        self._ask_least_delivery = least_delivery
        self._least_delivery: int | None = None
        # What each minor unit of the price comes to at least, and what rounding may take off.
        kept = (100 - max(rule.discount_percent for rule in rules)) / 100
        self._share = float(proposal.quantity.value * kept)
        self._rank: tuple[bool, int, int, str] | None = None
        self.judgement: Judgement | None = None

    def is_found_in(
        self,
        rows: Iterable[tuple[int, int, int, int]],
        load: Callable[[int], CatalogueItem],
        at_most: int | None = None,
    ) -> bool:
        """Judge the items that could be better; whether none that is left can be.

        Shapes: rows are (wishes met at most, price of one, delivery, number of the item), the most wishes
                first, then the cheapest; `at_most` is how many are judged before giving up.
        """
        judged = 0
        for met, price, delivery, number in rows:
            if self._is_beaten(met, price, None):
                return True
            if self._is_beaten(met, price, delivery):
                continue
            if judged == at_most:
                return False
            self._judge(load(number))
            judged += 1
        return True

    def _is_beaten(self, met: int, price: int, delivery: int | None) -> bool:
        """Whether whatever meets at most so many wishes at this price is worse than the best so far.

        Shapes: `delivery` None is the least that any costs.
        """
        if self._rank is None:
            return False
        _, unmet, total, _ = self._rank
        if met != -unmet:
            return met < -unmet
        if delivery is None:
            if self._least_delivery is None:
                self._least_delivery = self._ask_least_delivery()
            delivery = self._least_delivery
        # Goods and discount are rounded to whole units, and floats a little.
        return (price * self._share) * (1 - 1e-9) + delivery - 2 > total

    def _judge(self, item: CatalogueItem) -> None:
        for rule in self._rules:
            judged = judge(self._proposal, item, rule, self._now)
            if judged.verdict is self._verdict:
                rank = rank_of(judged, self._proposal.quantity.value)
                if self._rank is None or rank < self._rank:
                    self._rank, self.judgement = rank, judged
