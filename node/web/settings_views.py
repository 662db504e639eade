"""What an owner can set: the choices there are, and where each stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from babel.core import get_global

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.store.ports import Preferences
from node.web import formats
from node.web.forms import Filled
from node.web.i18n import LANGUAGES, TAGS, Locale, find_zone, locale_for
from node.wire.html import plain_text

__all__ = [
    "SettingsView",
    "language_name",
    "read_zone",
    "settings_view",
    "shown_findability",
    "shown_profile",
    "shown_reading",
    "zone_names",
]

_REGIONS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


@dataclass(frozen=True, slots=True)
class SettingsView:
    """`languages` are (tag, name); `clock` is the time that it is now in the reader's zone.

    `followers` would hear of another name. `forms` are by the last part of their address.
    """

    handle: str
    page: str
    is_vendor: bool
    followers: int
    languages: tuple[tuple[str, str], ...]
    zones: tuple[str, ...]
    clock: str
    forms: Mapping[str, Filled]


def settings_view(
    desk: Desk, account: Account, locale: Locale, now: datetime, forms: Mapping[str, Filled]
) -> SettingsView:
    """Everything that this owner can set."""
    host = desk.setting.base_url.partition("://")[2]
    return SettingsView(
        handle=f"@{account.name}@{host}",
        page=f"/@{account.name}",
        is_vendor=account.kind is AccountKind.VENDOR,
        followers=desk.tx.followers.count(account.id),
        languages=tuple((tag, language_name(tag)) for tag in TAGS),
        zones=zone_names(),
        clock=formats.moment(now, locale),
        forms=forms,
    )


def shown_profile(account: Account) -> dict[str, str]:
    """What stands in the form about the account itself."""
    return {"name": account.display_name, "summary": plain_text(account.summary or "")}


def shown_findability(account: Account) -> dict[str, str]:
    """Which of the two switches are on."""
    switches = {"discoverable": account.is_discoverable, "indexable": account.is_indexable}
    return {name: "on" for name, is_on in switches.items() if is_on}


def shown_reading(preferences: Preferences) -> dict[str, str]:
    """What stands in the form about how pages are read."""
    zone, theme = preferences.time_zone, preferences.theme or "auto"
    return {"language": preferences.language, "zone": zone, "theme": theme}


@cache
def language_name(tag: str) -> str:
    """A language in its own words: `English (Ireland)`, `Deutsch`."""
    if tag in LANGUAGES:
        return LANGUAGES[tag]
    found = locale_for(tag).formats
    name: str = found.get_display_name(found) or tag
    return name


@cache
def zone_names() -> tuple[str, ...]:
    """The time zones that there are, by region and city."""
    known = get_global("zone_territories")
    return tuple(sorted(name for name in known if name.startswith(_REGIONS)))


def read_zone(typed: str) -> str | None:
    """The zone that somebody means: its name, or a city of it; None where there is none, or several."""
    wanted = typed.strip().replace(" ", "_").casefold()
    found = {name for name in zone_names() if wanted in (name.casefold(), name.rpartition("/")[2].casefold())}
    if not found and wanted in ("utc", "gmt"):
        return "UTC"
    return next((name for name in found if find_zone(name) is not None), None) if len(found) == 1 else None
