"""Before it leaves: all that was said with a way back to each part, the exact bytes, and the last click."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.intents import Intent
from node.services.composing import cast_draft, plain_vendors_of, troubles_of, vendors_of
from node.services.intents import LONGEST_HOLD
from node.web.compose_views import check_view, find_draft, preview_view, stamp_of
from node.web.deal_reads import intent_page
from node.web.fields import choice, hidden
from node.web.forms import Filled, Form
from node.web.screens.compose import kept_draft
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who
from node.workflows.lookups import find_contact

__all__ = ["SCREENS"]

SCREENS = Screens()

SEEN = hidden("seen", most=60)
SEND = Form(SEEN)
DISCARD = Form()
_HOLDS_S = (0, 10, 30, 60, 300)
HOLD = choice("hold", {str(seconds): seconds for seconds in _HOLDS_S})
SET_HOLD = Form(HOLD)


@SCREENS.get("/my/intents/new/{draft}/check", who=Who.PERSON)
async def check(visit: Visit) -> Answer:
    draft, account = await kept_draft(visit), visit.viewer.account
    view = await visit.look(lambda desk: check_view(desk, account, draft, visit.locale))
    return Page("compose/check.html", view, visit.form_or(SEND))


@SCREENS.post("/my/intents/new/{draft}/check", who=Who.PERSON)
async def send(visit: Visit) -> Answer:
    """Cast it as it was shown; what has changed since is shown first."""
    filled = await visit.read(SEND)
    account = visit.viewer.account
    await _renew_contacts(visit, account, filled)
    hold = timedelta(seconds=min(visit.viewer.preferences.hold_s, LONGEST_HOLD.total_seconds()))
    _ = visit.words

    def work(desk: Desk) -> Intent:
        draft = find_draft(desk, account, visit.params["draft"])
        if stamp_of(draft) != filled[SEEN]:
            raise filled.refused(
                "", _("It was changed in another window."), _("Look through it again, then send it.")
            )
        if troubles_of(desk, draft):
            raise filled.refused("", _("It cannot be sent as it is."), _("Mend what is marked below."))
        return cast_draft(desk, account, draft, hold)

    intent = await visit.act(work)
    return Redirect(intent_page(intent.id), "" if hold else _("It is on its way."))


async def _renew_contacts(visit: Visit, account: Account, filled: Filled) -> None:
    """Whoever was not asked for a day is asked what they accept now. Raises: FormRefused."""
    draft = await kept_draft(visit)
    for contact in await visit.look(lambda desk: (*vendors_of(desk, draft), *plain_vendors_of(desk, draft))):
        try:
            await find_contact(visit.node, account, contact.actor)
        except InvalidInput:
            _ = visit.words
            raise filled.refused(
                "",
                _("%(vendor)s does not answer just now.", vendor=contact.name),
                _("Try again in a while, or leave it out."),
            ) from None


@SCREENS.get("/my/intents/new/{draft}/bytes", who=Who.PERSON)
async def preview(visit: Visit) -> Answer:
    draft, account = await kept_draft(visit), visit.viewer.account
    return Page("compose/bytes.html", await visit.look(lambda desk: preview_view(desk, account, draft)))


# --- not after all ----------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/new/{draft}/discard", who=Who.PERSON)
async def discard_page(visit: Visit) -> Answer:
    return Page("compose/discard.html", await kept_draft(visit), visit.form_or(DISCARD))


@SCREENS.post("/my/intents/new/{draft}/discard", who=Who.PERSON)
async def discard(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    await visit.read(DISCARD)
    await visit.act(lambda desk: desk.tx.drafts.remove(draft.account, draft.id))
    _ = visit.words
    name = draft.name or _("Without a name")
    return Redirect("/my/intents/new", _("The draft “%(name)s” is gone.", name=name))


# --- how long to hold -------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/hold", who=Who.PERSON)
async def hold_page(visit: Visit) -> Answer:
    shown = {"hold": str(visit.viewer.preferences.hold_s)}
    return Page("compose/hold.html", _HOLDS_S, visit.form_or(SET_HOLD, shown))


@SCREENS.post("/my/intents/hold", who=Who.PERSON)
async def set_hold(visit: Visit) -> Answer:
    seconds = (await visit.read(SET_HOLD))[HOLD]
    account = visit.viewer.account

    def work(desk: Desk) -> None:
        kept = desk.tx.preferences.get(account.id)
        desk.tx.preferences.save(replace(kept, hold_s=seconds))

    await visit.act(work)
    return Redirect("/my/intents", visit.words("Saved."))
