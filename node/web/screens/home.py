"""The first private page. Which one it is depends on the account's kind."""

from __future__ import annotations

from node.web.visits import Answer, Page, Screens, Visit

__all__ = ["SCREENS"]

SCREENS = Screens()


@SCREENS.get("/my")
async def home(visit: Visit) -> Answer:
    return Page("home/home.html", visit.viewer)
