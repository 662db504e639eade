"""Every part of the design system on two pages, for those who build others."""

from __future__ import annotations

from node.web.specimens import specimens
from node.web.visits import Answer, Page, Screens, Visit

__all__ = ["SCREENS"]

SCREENS = Screens()


@SCREENS.get("/my/styleguide")
async def words(visit: Visit) -> Answer:
    return Page("styleguide.html", specimens("words", visit.now))


@SCREENS.get("/my/styleguide/deals")
async def deals(visit: Visit) -> Answer:
    return Page("styleguide.html", specimens("deals", visit.now))
