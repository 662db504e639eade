"""A person's deals: the list, one on its way with all that was said, what was agreed, what proves it."""

from __future__ import annotations

import json

from node.desk import Desk
from node.domain.messages import Kind
from node.queries.records import export_deal
from node.services import negotiating
from node.web.agreement_views import agreement_view, evidence_view
from node.web.deal_reads import deal_page, find_deal_of, ref_of
from node.web.deal_views import deal_view, deals_view, may, watch_deal
from node.web.fields import text
from node.web.forms import Form
from node.web.intent_views import unread_deals
from node.web.repeats import was_just_said
from node.web.visits import Answer, Download, Live, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS", "show_deal"]

SCREENS = Screens()

WORDS = text("text", most=10_000, lines=True)
ASK = Form(WORDS)


@SCREENS.get("/my/deals", who=Who.PERSON)
async def deals(visit: Visit) -> Answer:
    account, before = visit.viewer.account, visit.query.first("before")
    place = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None
    view = await visit.look(lambda desk: deals_view(desk, account, visit.query.first("show"), place))
    return Page("deals/list.html", view)


@SCREENS.get("/my/deals/{deal}", who=Who.PERSON)
async def show_deal(visit: Visit) -> Answer:
    account, limits, locale = visit.viewer.account, visit.node.config.limits, visit.locale
    view = await visit.look(lambda desk: deal_view(desk, account, visit.params["deal"], limits, locale))
    deal_id = view.deal.id
    if await visit.look(lambda desk: deal_id in unread_deals(desk, account)):  # no longer new elsewhere
        await visit.act(lambda desk: desk.tx.overview.see(account.id, [deal_id]))
    return Page("deals/show.html", view, visit.form_or(ASK), fragment="life")


@SCREENS.get("/my/deals/{deal}/changes", who=Who.PERSON)
async def deal_changes(visit: Visit) -> Answer:
    account, ref = visit.viewer.account, visit.params["deal"]
    await visit.look(lambda desk: watch_deal(desk, account, ref))  # another's is missing, before it streams
    return Live(lambda desk: watch_deal(desk, account, ref))


@SCREENS.post("/my/deals/{deal}/ask", who=Who.PERSON, again=show_deal)
async def ask(visit: Visit) -> Answer:
    """Say something on the deal."""
    filled = await visit.read(ASK)
    account, ref, _ = visit.viewer.account, visit.params["deal"], visit.words

    def work(desk: Desk) -> str:
        deal = find_deal_of(desk, account, ref)
        if not may(deal, Kind.ASK):
            raise filled.refused(
                "text", _("This deal has ended: nothing more can be said in it."), _("Ask in a new intent.")
            )
        if not was_just_said(desk, deal, Kind.ASK, filled[WORDS]):
            negotiating.ask(desk, deal, filled[WORDS])
        return deal_page(deal)

    return Redirect(f"{await visit.act(work)}#messages", _("Sent."))


# --- what was agreed, and what proves it ------------------------------------------------------------------


@SCREENS.get("/my/deals/{deal}/agreement", who=Who.PERSON)
async def agreement(visit: Visit) -> Answer:
    """What she said yes to, for good: with its reference, and its record to keep."""
    account, limits, ref = visit.viewer.account, visit.node.config.limits, visit.params["deal"]
    view = await visit.look(lambda desk: agreement_view(desk, account, ref, limits))
    if view is None:
        return Redirect(f"/my/deals/{ref}")
    return Page("deals/agreement.html", view, fragment="agreed")


@SCREENS.get("/my/deals/{deal}/evidence", who=Who.PERSON)
async def evidence(visit: Visit) -> Answer:
    account, limits, locale = visit.viewer.account, visit.node.config.limits, visit.locale
    view = await visit.look(lambda desk: evidence_view(desk, account, visit.params["deal"], limits, locale))
    return Page("deals/evidence.html", view)


@SCREENS.get("/my/deals/{deal}/evidence/{digest}", who=Who.PERSON)
async def one_message(visit: Visit) -> Answer:
    """One message, byte for byte as it came or went."""
    account, digest = visit.viewer.account, visit.params["digest"]

    def view(desk: Desk) -> tuple[bytes, str]:
        deal = find_deal_of(desk, account, visit.params["deal"])
        for stored in desk.tx.evidence.of_deal(deal.own, deal.id):
            if stored.digest == digest:
                return stored.body, f"{stored.kind.replace(' ', '-')}-{digest[-8:]}.json"
        raise Missing

    body, name = await visit.look(view)
    return Download(body, name, "application/activity+json")


@SCREENS.get("/my/deals/{deal}/record", who=Who.PERSON)
async def record(visit: Visit) -> Answer:
    """All of it in one file, as `obverse verify` reads it."""
    account, ref = visit.viewer.account, visit.params["deal"]

    def view(desk: Desk) -> bytes:
        return json.dumps(export_deal(desk, find_deal_of(desk, account, ref)), indent=1).encode()

    return Download(await visit.look(view), f"deal-{ref_of(ref)}.json", "application/json")
