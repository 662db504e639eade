"""One module a screen: what GET shows and POST does. `ALL` is the table of them."""

from __future__ import annotations

from node.web.screens import (
    answering,
    buying,
    compose,
    compose_check,
    compose_wishes,
    deals,
    deliveries,
    doctor,
    export,
    fulfilling,
    home,
    intents,
    login,
    notice_settings,
    notices,
    offers,
    passkeys,
    security,
    settings,
    setup,
    setup_account,
    setup_rest,
    shop,
    styleguide,
    vendors,
)
from node.web.visits import Screens

__all__ = ["ALL"]

# Where two patterns match a path, the first counts: `/my/intents/new` stands before `/my/intents/{intent}`.
ALL = Screens(
    home.SCREENS,
    login.SCREENS,
    passkeys.SCREENS,
    security.SCREENS,
    settings.SCREENS,
    setup.SCREENS,
    setup_account.SCREENS,
    setup_rest.SCREENS,
    compose.SCREENS,
    compose_wishes.SCREENS,
    compose_check.SCREENS,
    intents.SCREENS,
    offers.SCREENS,
    answering.SCREENS,
    deals.SCREENS,
    export.SCREENS,
    fulfilling.SCREENS,
    buying.SCREENS,
    deliveries.SCREENS,
    doctor.SCREENS,
    vendors.SCREENS,
    shop.SCREENS,
    notices.SCREENS,
    notice_settings.SCREENS,
    styleguide.SCREENS,
)
