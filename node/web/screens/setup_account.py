"""The first run's account: by what its owner gets in, and what strangers see of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from anyio.to_thread import run_sync

from node.domain.errors import InvalidInput
from node.services.setting_up import (
    Draft,
    Identity,
    check_identity,
    make_account_key,
    move_in,
    save_draft,
)
from node.web.entering import enter
from node.web.fields import hidden, optional, secret, text
from node.web.forms import Filled, Form
from node.web.passkeys import CREDENTIAL_CHARS, Unproven
from node.web.sessions import browser_words
from node.web.setting_up import Progress, draft_at, next_step, progress_at
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

NAME = text("name", most=30)
DISPLAY = text("display", most=200)
SUMMARY = optional(text("summary", most=500))
IDENTIFY = Form(NAME, DISPLAY, SUMMARY)

PASSWORD = secret("password")
AGAIN = secret("again")
BY_PASSWORD = Form(PASSWORD, AGAIN)

CREDENTIAL = hidden("credential", most=CREDENTIAL_CHARS)
BY_PASSKEY = Form(CREDENTIAL)


@dataclass(frozen=True, slots=True)
class KeyView:
    """`options` is what the browser is asked for to make a passkey."""

    progress: Progress
    options: str


@dataclass(frozen=True, slots=True)
class NameView:
    progress: Progress
    is_vendor: bool


# --- who strangers see ------------------------------------------------------------------------------------


@SCREENS.get("/setup/name", who=Who.SETTING_UP)
async def name_page(visit: Visit) -> Answer:
    draft = await draft_at(visit, "name")
    known = draft.identity or draft.suggested
    shown = {"name": known.name, "display": known.display_name, "summary": known.summary} if known else None
    view = NameView(progress_at(draft, "name"), draft.kind.value == "vendor")
    return Page("setup/name.html", view, visit.form_or(IDENTIFY, shown))


@SCREENS.post("/setup/name", who=Who.SETTING_UP)
async def name(visit: Visit) -> Answer:
    draft = await draft_at(visit, "name")
    filled = await visit.read(IDENTIFY)
    handle = filled[NAME].removeprefix("@").partition("@")[0].casefold()
    identity = Identity(handle, filled[DISPLAY], filled[SUMMARY] or "")

    await visit.look(lambda desk: check_identity(desk, identity))
    return await _go_on(visit, replace(draft, identity=identity), "name")


# --- by what its owner gets in ----------------------------------------------------------------------------


@SCREENS.get("/setup/key", who=Who.SETTING_UP)
async def key_page(visit: Visit) -> Answer:
    draft = await draft_at(visit, "key")
    host = visit.node.config.host
    options = visit.gate.passkeys.ask_to_make(
        user=visit.node.seed(),
        name=f"{draft.identity.name}@{host}" if draft.identity is not None else host,
        known=(),
        browser=visit.browser,
        nonce=visit.node.seed(),
        now=visit.now,
    )
    return Page("setup/key.html", KeyView(progress_at(draft, "key"), options), visit.form_or(BY_PASSWORD))


@SCREENS.post("/setup/key", who=Who.SETTING_UP)
async def by_password(visit: Visit) -> Answer:
    draft = await draft_at(visit, "key")
    filled, _ = await visit.read(BY_PASSWORD), visit.words
    if filled[PASSWORD] != filled[AGAIN]:
        raise filled.refused("again", _("The two are not the same."), _("Type the same one twice."))
    hashed = await visit.gate.hash(filled[PASSWORD])
    return await _go_on(visit, replace(draft, password_hash=hashed, passkey=None), "key")


@SCREENS.post("/setup/key/passkey", who=Who.SETTING_UP, again=key_page)
async def by_passkey(visit: Visit) -> Answer:
    draft = await draft_at(visit, "key")
    filled, _ = await visit.read(BY_PASSKEY), visit.words
    try:
        made = visit.gate.passkeys.verify_made(filled[CREDENTIAL], browser=visit.browser, now=visit.now)
    except Unproven:
        raise filled.refused("", _("The passkey could not be checked."), _("Try again.")) from None
    name = browser_words(visit.headers.get("user-agent", "")) or _("First passkey")
    passkey = made.of("", name, visit.now)
    return await _go_on(visit, replace(draft, passkey=passkey, password_hash=None), "key")


async def _go_on(visit: Visit, draft: Draft, step: str) -> Answer:
    """Keep what is known; where that is all of it, make the account and log its owner in."""
    if not draft.is_whole or draft.identity is None:
        await visit.act(lambda desk: save_draft(desk, draft))
        return Redirect(next_step(draft, step))
    rsa = await run_sync(make_account_key, visit.node.config.base_url, draft.identity.name)
    try:
        account = await visit.act(lambda desk: move_in(desk, draft, rsa))
    except InvalidInput as error:
        raise _at(visit).refused_by(error, visit.locale) from None
    await enter(visit, account, "set-up")
    return Redirect(next_step(draft, step))


def _at(visit: Visit) -> Filled:
    return visit.filled or IDENTIFY.blank()
