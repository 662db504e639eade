"""The vendor's screens."""

from __future__ import annotations

from node.web.screens.shop import deals, inbox, offering
from node.web.visits import Screens

__all__ = ["SCREENS"]

SCREENS = Screens(deals.SCREENS, inbox.SCREENS, offering.SCREENS)
