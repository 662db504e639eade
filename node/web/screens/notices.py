"""What happened: a list by day, each line with the way to its thing; and what a nudged browser asks."""

from __future__ import annotations

import json

from starlette.responses import JSONResponse, Response

from node.desk import Desk
from node.domain.notices import topic_of
from node.store.ports import Notice
from node.web.fields import whole
from node.web.forms import Form
from node.web.notice_views import notices_view, watch_notices
from node.web.notice_words import nudge_of
from node.web.static import STATIC_DIR
from node.web.visits import Answer, Live, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

PAGE = "/my/notices"
UPTO = whole("upto", least=0, most=999_999_999)
READ_ALL = Form(UPTO)
READ_ONE = Form()
_NUDGED_BY = 50
_WORKER = (STATIC_DIR / "worker.js").read_text(encoding="utf-8")
"""Served below /my, since a worker rules over no more than where it lies."""


@SCREENS.get(PAGE)
async def notices(visit: Visit) -> Answer:
    account, locale, before = visit.viewer.account, visit.locale, visit.query.first("before")
    place = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None
    view = await visit.look(lambda desk: notices_view(desk, account, locale, place))
    return Page("notices/list.html", view, fragment="list")


@SCREENS.get(f"{PAGE}/changes")
async def notice_changes(visit: Visit) -> Answer:
    account = visit.viewer.account
    return Live(lambda desk: watch_notices(desk, account))


@SCREENS.post(f"{PAGE}/read", again=notices)
async def read_all(visit: Visit) -> Answer:
    """All that the page showed; what came since is still new."""
    upto, account = (await visit.read(READ_ALL))[UPTO], visit.viewer.account
    count = await visit.act(lambda desk: desk.tx.news.see_all(account.id, upto))
    words = visit.words.ngettext("%(num)s notice is marked as read.", "%(num)s are marked as read.", count)
    return Redirect(PAGE, words)


@SCREENS.post(PAGE + "/{notice:int}/read", again=notices)
async def read_one(visit: Visit) -> Answer:
    await visit.read(READ_ONE)
    account, number = visit.viewer.account, int(visit.params["notice"])

    def work(desk: Desk) -> bool:
        if desk.tx.news.get(account.id, number) is None:
            return False
        desk.tx.news.see(account.id, number)
        return True

    if number >= 2**62 or not await visit.act(work):
        raise Missing
    return Redirect(PAGE)


@SCREENS.get(f"{PAGE}/push", who=Who.ANYBODY)
async def nudged(visit: Visit) -> Answer:
    """What a browser says that was nudged: a kind and a number, or for nobody that there may be something."""
    _ = visit.words
    said = _("There may be something new. Log in to see it.")
    account = visit.account
    if account is not None:
        said = nudge_of(await visit.look(lambda desk: _unread(desk, account.id)), visit.words)
    return JSONResponse({"title": visit.node.config.host, "body": said, "page": PAGE})


def _unread(desk: Desk, account: str) -> list[Notice]:
    """The new ones of the topics that browsers are nudged for."""
    chosen = frozenset(desk.tx.outlets.choices(account).push)
    new = desk.tx.overview.unread(account, limit=_NUDGED_BY)
    return [one for one in new if topic_of(one.kind, one.code) in chosen]


@SCREENS.get("/my/worker.js", who=Who.ANYBODY)
async def worker(visit: Visit) -> Answer:
    """The script that a browser runs when it is nudged, with the words for when this node is out of reach."""
    said = visit.words("There may be something new.")
    offline = json.dumps({"title": visit.node.config.host, "body": said, "page": PAGE})
    return Response(f"const OFFLINE = {offline};\n{_WORKER}", media_type="text/javascript")
