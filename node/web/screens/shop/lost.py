"""Why offers were lost, as charts with their tables."""

from __future__ import annotations

from dataclasses import dataclass

from node.web.charts import Chart, bar_chart
from node.web.formats import number
from node.web.i18n import N_
from node.web.names import REASONS, named
from node.web.screens.shop.inbox import place_before
from node.web.shop.lost import LostView, lost_view
from node.web.visits import Answer, Page, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

_OUTCOMES = {
    "won": N_("agreed"),
    "open": N_("still open"),
    "lost": N_("declined"),
    "run out": N_("run out"),
    "withdrawn": N_("withdrawn"),
    "no bid": N_("no offer from you"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    lost: LostView
    reasons: Chart | None
    outcomes: Chart | None


@SCREENS.get("/my/lost", who=Who.VENDOR)
async def lost(visit: Visit) -> Answer:
    account, before = visit.viewer.account, place_before(visit)
    view = await visit.look(lambda desk: lost_view(desk, account, before))
    return Page("shop/lost.html", Shown(view, _reasons(visit, view), _outcomes(visit, view)))


def _reasons(visit: Visit, view: LostView) -> Chart | None:
    _ = visit.words
    rows = [
        (named(REASONS, code, visit.locale) if code else _("no reason given"), count)
        for code, count in view.reasons
    ]
    if not rows:
        return None
    return bar_chart(
        "reasons",
        _("Why offers were declined"),
        (_("Reason"), _("Offers")),
        rows,
        lambda value: number(value, visit.locale),
    )


def _outcomes(visit: Visit, view: LostView) -> Chart | None:
    _ = visit.words
    rows = [(_(_OUTCOMES[name]), count) for name, count in view.outcomes]
    if not rows:
        return None
    return bar_chart(
        "outcomes",
        _("What became of all intents"),
        (_("Outcome"), _("Intents")),
        rows,
        lambda value: number(value, visit.locale),
    )
