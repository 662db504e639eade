"""The vendor's screens."""

from __future__ import annotations

from node.web.screens.shop import (
    deals,
    importing,
    inbox,
    lost,
    offering,
    quotes,
    rules,
    standing,
    stock,
    talks,
)
from node.web.visits import Screens

__all__ = ["SCREENS"]

SCREENS = Screens(
    deals.SCREENS,
    importing.SCREENS,
    inbox.SCREENS,
    lost.SCREENS,
    offering.SCREENS,
    quotes.SCREENS,
    rules.SCREENS,
    standing.SCREENS,
    stock.SCREENS,
    talks.SCREENS,
)
