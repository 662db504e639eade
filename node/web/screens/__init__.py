"""One module a screen: what GET shows and POST does. `ALL` is the table of them."""

from __future__ import annotations

from node.web.screens import (
    compose,
    compose_check,
    compose_wishes,
    home,
    intents,
    login,
    passkeys,
    security,
    styleguide,
)
from node.web.visits import Screens

__all__ = ["ALL"]

# Where two patterns match a path, the first counts: `/my/intents/new` stands before `/my/intents/{intent}`.
ALL = Screens(
    home.SCREENS,
    login.SCREENS,
    passkeys.SCREENS,
    security.SCREENS,
    compose.SCREENS,
    compose_wishes.SCREENS,
    compose_check.SCREENS,
    intents.SCREENS,
    styleguide.SCREENS,
)
