"""An owner's passkeys: adding one, taking one away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from node.desk import Desk
from node.store.ports import Passkey
from node.web.fields import hidden, text
from node.web.forms import Form
from node.web.passkeys import CREDENTIAL_CHARS, Unproven
from node.web.sessions import browser_words
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit

__all__ = ["SCREENS"]

SCREENS = Screens()

NAME = text("name", most=60)
CREDENTIAL = hidden("credential", most=CREDENTIAL_CHARS)
ADD = Form(NAME, CREDENTIAL)
REMOVE = Form()

MOST = 20


@dataclass(frozen=True, slots=True)
class AddView:
    """`options` is what the browser is asked for."""

    options: str


@SCREENS.get("/my/security/passkeys/new")
async def add_page(visit: Visit) -> Answer:
    visit.confirmed()
    account = visit.viewer.account
    options = visit.gate.passkeys.ask_to_make(
        user=hashlib.sha256(account.id.encode()).digest(),
        name=f"{account.name}@{visit.node.config.host}",
        known=await visit.look(lambda desk: desk.tx.passkeys.all(account.id)),
        browser=visit.browser,
        nonce=visit.node.seed(),
        now=visit.now,
    )
    name = browser_words(visit.headers.get("user-agent", ""))
    return Page("security/add_passkey.html", AddView(options), visit.form_or(ADD, {"name": name}))


@SCREENS.post("/my/security/passkeys/new")
async def add(visit: Visit) -> Answer:
    visit.confirmed()
    filled = await visit.read(ADD)
    account, _ = visit.viewer.account, visit.words
    try:
        made = visit.gate.passkeys.verify_made(filled[CREDENTIAL], browser=visit.browser, now=visit.now)
    except Unproven:
        raise filled.refused("", _("The passkey could not be checked."), _("Try again.")) from None
    passkey = made.of(account.id, filled[NAME], visit.now)

    def save(desk: Desk) -> str:
        known = desk.tx.passkeys.all(account.id)
        if desk.tx.passkeys.get(passkey.id) is not None:
            return _("This passkey is here already.")
        if len(known) >= MOST:
            return _("These are enough passkeys. Take one away first.")
        desk.tx.passkeys.save(passkey)
        return ""

    if wrong := await visit.act(save):
        raise filled.refused("", wrong, "")
    return Redirect(
        "/my/security", _("The passkey %(name)s opens your pages from now on.", name=passkey.name)
    )


@SCREENS.get("/my/security/passkeys/{passkey}")
async def remove_page(visit: Visit) -> Answer:
    """Asks for it by name, since what is taken away cannot be brought back."""
    return Page("security/remove_passkey.html", await _mine(visit), visit.form_or(REMOVE))


@SCREENS.post("/my/security/passkeys/{passkey}")
async def remove(visit: Visit) -> Answer:
    passkey, account, _ = await _mine(visit), visit.viewer.account, visit.words
    visit.confirmed()
    filled = await visit.read(REMOVE)

    def work(desk: Desk) -> bool:
        is_last = len(desk.tx.passkeys.all(account.id)) == 1
        current = desk.tx.accounts.get(account.id) or account
        if is_last and current.password_hash is None:
            return False
        desk.tx.passkeys.remove(passkey.id)
        return True

    if not await visit.act(work):
        raise filled.refused(
            "", _("This is all that lets you in."), _("Set a password or add another passkey first.")
        )
    return Redirect("/my/security", _("The passkey %(name)s opens nothing any more.", name=passkey.name))


async def _mine(visit: Visit) -> Passkey:
    """Raises: Missing for another's."""
    account, passkey_id = visit.viewer.account, visit.params["passkey"]
    passkey = await visit.look(lambda desk: desk.tx.passkeys.get(passkey_id))
    if passkey is None or passkey.account != account.id:
        raise Missing
    return passkey
