"""The vendor's screens."""

from __future__ import annotations

from node.web.screens.shop import deals, importing, inbox, offering, stock
from node.web.visits import Screens

__all__ = ["SCREENS"]

SCREENS = Screens(deals.SCREENS, importing.SCREENS, inbox.SCREENS, offering.SCREENS, stock.SCREENS)
