"""What an owner sets: how strangers see them, how pages are read, how long things wait, on which terms."""

from __future__ import annotations

from dataclasses import replace

from node.desk import Desk
from node.domain.terms import DEFAULT_PROFFER, ROSTER, parse_terms, short_name
from node.services.profile import accept_agreements, change_profile, let_be_found
from node.services.setting_up import settle_terms
from node.store.ports import Preferences
from node.web.fields import choice, many, optional, switch, text, whole
from node.web.forms import Form
from node.web.i18n import N_, TAGS, choose_locale
from node.web.screens.setup_rest import BUNDLE, BUNDLES
from node.web.settings_views import (
    language_name,
    read_zone,
    settings_view,
    shown_findability,
    shown_profile,
    shown_reading,
)
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who
from node.wire.html import plain_text

__all__ = ["SCREENS"]

SCREENS = Screens()

NAME = text("name", most=200)
SUMMARY = optional(text("summary", most=2000, lines=True))
PROFILE = Form(NAME, SUMMARY)

FOUND = Form(switch("discoverable"), switch("indexable"))

LANGUAGE = choice("language", {"": "", **{tag: tag for tag in TAGS}})
ZONE = optional(text("zone", most=60))
THEMES = {"auto": "", "light": "light", "dark": "dark"}
THEME = choice("theme", THEMES)
READING = Form(LANGUAGE, ZONE, THEME)

HOLD = whole("hold", least=0, most=300)
HOLDING = Form(HOLD)

TERMS = Form(BUNDLE)
ACCEPTS = many(choice("accepts", {name: name for name in ROSTER}))
AGREEMENTS = Form(ACCEPTS)

THEME_NAMES = {"": N_("as your device has it"), "light": N_("light"), "dark": N_("dark")}
_PAGE = "/my/settings"


@SCREENS.get(_PAGE)
async def settings(visit: Visit) -> Answer:
    viewer = visit.viewer
    account, chosen = viewer.account, viewer.preferences
    accepted = [short_name(term) for term in account.terms_accepted]
    forms = {
        "profile": visit.form_or(PROFILE, shown_profile(account)),
        "found": visit.form_or(FOUND, shown_findability(account)),
        "reading": visit.form_or(READING, shown_reading(chosen)),
        "hold": visit.form_or(HOLDING, {"hold": str(chosen.hold_s)}),
        "terms": visit.form_or(TERMS, {"bundle": _bundle_of(chosen)}),
        "agreements": visit.form_or(AGREEMENTS, {"accepts": accepted}),
    }
    view = await visit.look(lambda desk: settings_view(desk, account, visit.locale, visit.now, forms))
    return Page("settings/settings.html", view)


@SCREENS.post(f"{_PAGE}/profile", again=settings)
async def profile(visit: Visit) -> Answer:
    """Another name or summary: the actor's document says so, and those who follow are told."""
    filled = await visit.read(PROFILE)
    account, _ = visit.viewer.account, visit.words
    name, summary = filled[NAME], filled[SUMMARY] or ""
    is_new_summary = summary != plain_text(account.summary or "")
    changed = [_("Name: %(name)s", name=name)] if name != account.display_name else []
    changed += [_("The summary is new") if summary else _("The summary is gone")] if is_new_summary else []
    await visit.act(
        lambda desk: change_profile(
            desk, account, display_name=name, summary=summary if is_new_summary else None
        )
    )
    return _said(visit, changed)


@SCREENS.post(f"{_PAGE}/found", again=settings)
async def found(visit: Visit) -> Answer:
    """Whether it may be listed and its posts searched: those who follow are told, and pages say so."""
    filled, account, _ = await visit.read(FOUND), visit.viewer.account, visit.words
    listed, searched = bool(filled.values["discoverable"]), bool(filled.values["indexable"])
    await visit.act(lambda desk: let_be_found(desk, account, discoverable=listed, indexable=searched))
    changed = []
    if listed != account.is_discoverable:
        changed.append(_("You may be listed") if listed else _("You ask not to be listed"))
    if searched != account.is_indexable:
        asked = _("Your public posts may be searched")
        changed.append(asked if searched else _("You ask that your posts are not searched"))
    return _said(visit, changed)


@SCREENS.post(f"{_PAGE}/reading", again=settings)
async def reading(visit: Visit) -> Answer:
    """Language, time zone and theme. What was changed is told in the language that was chosen."""
    filled, _ = await visit.read(READING), visit.words
    typed = filled[ZONE] or ""
    zone = read_zone(typed) if typed else ""
    if zone is None:
        raise filled.refused(
            "zone", _("There is no such time zone, or more than one."), _("Write it as Europe/Berlin.")
        )
    before = visit.viewer.preferences
    after = replace(before, language=filled[LANGUAGE], time_zone=zone, theme=filled[THEME])
    await visit.act(lambda desk: _keep(desk, after))
    visit.locale = choose_locale(after.language or None, visit.headers.get("accept-language"), zone)
    return _said(visit, _changes(visit, before, after))


def _keep(desk: Desk, chosen: Preferences) -> None:
    """What this form names; the rest may have been changed elsewhere meanwhile."""
    kept = desk.tx.preferences.get(chosen.account)
    desk.tx.preferences.save(
        replace(kept, language=chosen.language, time_zone=chosen.time_zone, theme=chosen.theme)
    )


def _changes(visit: Visit, before: Preferences, after: Preferences) -> list[str]:
    _, changed = visit.words, []
    if after.language != before.language:
        name = language_name(after.language) if after.language else _("as your browser asks")
        changed.append(_("Language: %(name)s", name=name))
    if after.time_zone != before.time_zone:
        changed.append(_("Time zone: %(name)s", name=after.time_zone or "UTC"))
    if after.theme != before.theme:
        changed.append(_("Colours: %(name)s", name=_(THEME_NAMES[after.theme])))
    return changed


@SCREENS.post(f"{_PAGE}/hold", who=Who.PERSON, again=settings)
async def hold(visit: Visit) -> Answer:
    """For how long an intent waits on this node before it leaves."""
    seconds, _ = (await visit.read(HOLDING))[HOLD], visit.words
    before = visit.viewer.preferences

    def work(desk: Desk) -> None:
        desk.tx.preferences.save(replace(desk.tx.preferences.get(before.account), hold_s=seconds))

    await visit.act(work)
    words = _.ngettext(
        "An intent waits %(num)s second before it leaves",
        "An intent waits %(num)s seconds before it leaves",
        seconds,
    )
    said = words if seconds else _("An intent leaves at once")
    return _said(visit, [said] if seconds != before.hold_s else [])


@SCREENS.post(f"{_PAGE}/terms", who=Who.PERSON, again=settings)
async def terms(visit: Visit) -> Answer:
    """On which terms an intent starts."""
    names, account, _ = (await visit.read(TERMS))[BUNDLE], visit.viewer.account, visit.words
    is_new = _names_of(visit.viewer.preferences) != set(names)
    await visit.act(lambda desk: settle_terms(desk, account, names))
    return _said(visit, [_("The next intent starts on these terms")] if is_new else [])


def _names_of(chosen: Preferences) -> set[str]:
    return {short_name(term) for term in chosen.terms} or set(DEFAULT_PROFFER)


def _bundle_of(chosen: Preferences) -> str:
    """Which of the ways of asking a person's own terms are; "" for none of them."""
    names = _names_of(chosen)
    return next((name for name, bundle in BUNDLES.items() if set(bundle) == names), "")


@SCREENS.post(f"{_PAGE}/agreements", who=Who.VENDOR, again=settings)
async def agreements(visit: Visit) -> Answer:
    """Which agreements a shop accepts; published."""
    filled, account, _ = await visit.read(AGREEMENTS), visit.viewer.account, visit.words
    names = filled[ACCEPTS]
    if not names:
        raise filled.refused("accepts", _("Nobody could deal with you."), _("Accept at least one agreement."))
    is_new = set(account.terms_accepted) != set(parse_terms(names))
    await visit.act(lambda desk: accept_agreements(desk, account, names))
    return _said(visit, [_("Published: you accept %(names)s", names=", ".join(names))] if is_new else [])


def _said(visit: Visit, changed: list[str]) -> Answer:
    """Back to the page, which says what is new."""
    if not changed:
        return Redirect(_PAGE, visit.words("Nothing was changed."), "plain")
    return Redirect(_PAGE, ". ".join(changed) + ".")
