"""A person's first page."""

from __future__ import annotations

from node.web.home_views import home_view, watch_home
from node.web.visits import Answer, Live, Page, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()


@SCREENS.get("/my", who=Who.PERSON)
async def home(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: home_view(desk, account, visit.locale))
    return Page("home/home.html", view, fragment="now")


@SCREENS.get("/my/changes", who=Who.PERSON)
async def changes(visit: Visit) -> Answer:
    account = visit.viewer.account
    return Live(lambda desk: watch_home(desk, account))
