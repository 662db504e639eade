"""Every part of the design system on one page, for those who build others."""

from __future__ import annotations

from node.web.specimens import specimens
from node.web.visits import Answer, Page, Screens, Visit

__all__ = ["SCREENS"]

SCREENS = Screens()


@SCREENS.get("/my/styleguide")
async def styleguide(visit: Visit) -> Answer:
    return Page("styleguide.html", specimens(visit.now))
