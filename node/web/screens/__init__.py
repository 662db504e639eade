"""One module a screen: what GET shows and POST does. `ALL` is the table of them."""

from __future__ import annotations

from node.web.screens import home, login, passkeys, security, styleguide
from node.web.visits import Screens

__all__ = ["ALL"]

ALL = Screens(home.SCREENS, login.SCREENS, passkeys.SCREENS, security.SCREENS, styleguide.SCREENS)
