"""An account's mail: what waits, what was given up, what could not be read; try again, or let go."""

from __future__ import annotations

from node.desk import Desk
from node.queries.deliveries import drop, drop_unread, find_unread, read_again, resend
from node.web.delivery_views import (
    DeliveriesView,
    deliveries_view,
    letter_view,
    posts_view,
    sent_view,
    unread_view,
    watch_deliveries,
)
from node.web.fields import hidden
from node.web.forms import Form
from node.web.spread_views import spread_view
from node.web.visits import Answer, Live, Missing, Page, Redirect, Screens, Visit

__all__ = ["SCREENS"]

SCREENS = Screens()

NOTHING = Form()
SEEN = hidden("seen", most=60)
DROP = Form(SEEN)
_HIGHEST = 2**53


# --- lists ------------------------------------------------------------------------------------------------


@SCREENS.get("/my/deliveries")
async def waiting(visit: Visit) -> Answer:
    return await _list(visit, "")


@SCREENS.get("/my/deliveries/given-up")
async def given_up(visit: Visit) -> Answer:
    return await _list(visit, "given-up")


@SCREENS.get("/my/deliveries/delivered")
async def delivered(visit: Visit) -> Answer:
    return await _list(visit, "delivered")


@SCREENS.get("/my/deliveries/unread")
async def unread(visit: Visit) -> Answer:
    return await _list(visit, "unread")


@SCREENS.get("/my/deliveries/posts")
async def posts(visit: Visit) -> Answer:
    return await _list(visit, "posts")


@SCREENS.get("/my/deliveries/posts/{number:int}")
async def one_post(visit: Visit) -> Answer:
    account, number = visit.viewer.account, _number(visit)
    view = await visit.look(lambda desk: spread_view(desk, account, number, visit.locale))
    return Page("deliveries/spread.html", view)


@SCREENS.get("/my/deliveries/changes")
async def changes(visit: Visit) -> Answer:
    account = visit.viewer.account
    return Live(lambda desk: watch_deliveries(desk, account))


async def _list(visit: Visit, tab: str) -> Answer:
    account, locale = visit.viewer.account, visit.locale
    typed = visit.query.first("before")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else None

    def view(desk: Desk) -> DeliveriesView:
        if tab == "unread":
            return unread_view(desk, account, locale, before=before)
        if tab == "posts":
            return posts_view(desk, account, locale, before=before)
        return deliveries_view(desk, account, locale, tab=tab, before=before)

    return Page("deliveries/list.html", await visit.look(view), fragment="list")


# --- one of ours ------------------------------------------------------------------------------------------


@SCREENS.get("/my/deliveries/{number:int}")
async def show(visit: Visit) -> Answer:
    account, number = visit.viewer.account, _number(visit)
    view = await visit.look(lambda desk: sent_view(desk, account, number, visit.locale))
    return Page("deliveries/sent.html", view, visit.form_or(NOTHING))


@SCREENS.post("/my/deliveries/{number:int}/again", again=show)
async def try_again(visit: Visit) -> Answer:
    filled = await visit.read(NOTHING)
    account, number, _ = visit.viewer.account, _number(visit), visit.words

    def work(desk: Desk) -> None:
        view = sent_view(desk, account, number, visit.locale)
        if view.has_ended:
            raise filled.refused(
                "", _("Its own time is over: nobody would take it any more."), _("Say it anew.")
            )
        if not view.can_resend:
            raise filled.refused("", _("This was not given up."), _("See below where it is."))
        resend(desk, number)

    await visit.act(work)
    return Redirect("/my/deliveries", _("It is tried again."))


@SCREENS.get("/my/deliveries/{number:int}/drop")
async def drop_page(visit: Visit) -> Answer:
    account, number = visit.viewer.account, _number(visit)
    view = await visit.look(lambda desk: sent_view(desk, account, number, visit.locale))
    if not view.can_drop:
        return Redirect(view.line.page, visit.words("This has left, or was let go of, already."), "warn")
    return Page("deliveries/drop.html", view, visit.form_or(DROP))


@SCREENS.post("/my/deliveries/{number:int}/drop")
async def drop_one(visit: Visit) -> Answer:
    """Let go of a message that has not left; what it held back goes on."""
    filled = await visit.read(DROP)
    account, number, _ = visit.viewer.account, _number(visit), visit.words

    def work(desk: Desk) -> bool:
        view = sent_view(desk, account, number, visit.locale)
        if view.can_drop and view.seen != filled[SEEN]:
            raise filled.refused(
                "", _("This has changed since you looked."), _("See where it is, then choose.")
            )
        if view.can_drop:
            drop(desk, number)
        return view.can_drop

    if not await visit.act(work):
        return Redirect(f"/my/deliveries/{number}", _("It is too late: this has left already."), "bad")
    return Redirect("/my/deliveries", _("Let go. What waited behind it goes on."))


# --- one that could not be read ---------------------------------------------------------------------------


@SCREENS.get("/my/deliveries/unread/{number:int}")
async def letter(visit: Visit) -> Answer:
    account, number = visit.viewer.account, _number(visit)
    view = await visit.look(lambda desk: letter_view(desk, account, number, visit.locale))
    return Page("deliveries/unread.html", view, visit.form_or(NOTHING))


@SCREENS.post("/my/deliveries/unread/{number:int}/again", again=letter)
async def read_letter_again(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account, number = visit.viewer.account, _number(visit)

    def work(desk: Desk) -> None:
        if find_unread(desk, account, number) is None:
            raise Missing
        read_again(desk, number)

    await visit.act(work)
    words = visit.words("It is read again. If this node stumbles once more, it comes back here.")
    return Redirect("/my/deliveries/unread", words)


@SCREENS.get("/my/deliveries/unread/{number:int}/drop")
async def drop_letter_page(visit: Visit) -> Answer:
    account, number = visit.viewer.account, _number(visit)
    view = await visit.look(lambda desk: letter_view(desk, account, number, visit.locale))
    return Page("deliveries/drop_unread.html", view, visit.form_or(NOTHING))


@SCREENS.post("/my/deliveries/unread/{number:int}/drop")
async def drop_letter(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account, number = visit.viewer.account, _number(visit)

    def work(desk: Desk) -> None:
        if find_unread(desk, account, number) is None:
            raise Missing
        drop_unread(desk, number)

    await visit.act(work)
    return Redirect("/my/deliveries/unread", visit.words("It is gone."))


def _number(visit: Visit) -> int:
    """The number in the address. Raises: Missing for one that no row has."""
    number = int(visit.params["number"])
    if number > _HIGHEST:
        raise Missing
    return number
