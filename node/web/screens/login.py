"""Logging in and out: by password, or by a one-time link that the server's owner makes; and proving it anew.

What does not fit is told in the same words whether the name or the password is wrong (`security U06`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.desk import Desk
from node.domain.accounts import Account
from node.services.entering import LOG_IN as LINK
from node.services.entering import peek_ticket, take_ticket
from node.store.ports import Attempt, Passkey, Ticket
from node.web.entering import enter, leave
from node.web.fields import hidden, secret, text
from node.web.forms import Filled, Form, FormRefused
from node.web.passkeys import CREDENTIAL_CHARS, Unproven
from node.web.sessions import browser_words, confirm_session
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who, is_local

__all__ = ["SCREENS"]

SCREENS = Screens()

NAME = text("name", most=100)
PASSWORD = secret("password")
NEXT = hidden("next", most=2000)
TOKEN = hidden("token", most=100)
CREDENTIAL = hidden("credential", most=CREDENTIAL_CHARS)

LOG_IN = Form(NAME, PASSWORD, NEXT)
BY_LINK = Form(TOKEN)
BY_PASSKEY = Form(CREDENTIAL, NEXT)
CONFIRM = Form(PASSWORD, NEXT)


@dataclass(frozen=True, slots=True)
class LogInView:
    """`back` is where the log-in leads; `has_ended` says that somebody has just logged out.

    `options` is what the browser is asked for where a passkey is to be shown, "" where there is none.
    """

    back: str
    options: str
    has_ended: bool = False
    has_password: bool = True


@dataclass(frozen=True, slots=True)
class LinkView:
    """A log-in link: `name` is None where it leads nowhere any more."""

    token: str
    name: str | None


# --- logging in -------------------------------------------------------------------------------------------


@SCREENS.get("/login", who=Who.ANYBODY)
async def log_in_page(visit: Visit) -> Answer:
    back = _back(visit)
    if visit.account is not None:
        return Redirect(back)
    view = LogInView(back, _options(visit), has_ended="ended" in visit.query)
    return Page("login/log_in.html", view, visit.form_or(LOG_IN))


def _options(visit: Visit, known: tuple[Passkey, ...] = ()) -> str:
    passkeys = visit.gate.passkeys
    return passkeys.ask_to_show(known=known, browser=visit.browser, nonce=visit.node.seed(), now=visit.now)


@SCREENS.post("/login", who=Who.ANYBODY)
async def log_in(visit: Visit) -> Answer:
    filled = await visit.read(LOG_IN)
    name = filled[NAME].removeprefix("@").partition("@")[0].casefold()
    account = await visit.look(lambda desk: desk.tx.accounts.by_name(name))
    hashed = account.password_hash if account is not None else None
    is_right = await visit.gate.is_password(name, filled[PASSWORD], hashed, visit.now)
    if account is not None:
        await _note(visit, account, "password", succeeded=is_right)
    if not is_right or account is None or hashed is None:
        _ = visit.words
        raise filled.refused("", _("Name and password do not fit together."), _("Check both and try again."))
    if visit.gate.passwords.needs_rehash(hashed):
        await _rehash(visit, account, hashed, await visit.gate.hash(filled[PASSWORD]))
    await enter(visit, account, "password")
    return Redirect(filled[NEXT] if is_local(filled[NEXT]) else "/my")


async def _note(visit: Visit, account: Account, how: str, *, succeeded: bool) -> None:
    label = browser_words(visit.headers.get("user-agent", ""))
    attempt = Attempt(account.id, visit.now, succeeded, how, label)
    await visit.act(lambda desk: desk.tx.attempts.add(attempt))


async def _rehash(visit: Visit, account: Account, old: str, new: str) -> None:
    def change(desk: Desk) -> None:
        current = desk.tx.accounts.get(account.id)
        if current is not None and current.password_hash == old:
            desk.tx.accounts.save(replace(current, password_hash=new))

    await visit.act(change)


def _back(visit: Visit) -> str:
    """Where to go afterwards: one of our own pages, whatever the address says (`security U03`)."""
    wanted = visit.form.typed.first("next") if visit.form is not None else visit.query.first("next")
    return wanted if is_local(wanted) else "/my"


@SCREENS.post("/logout", who=Who.ANYBODY)
async def log_out(visit: Visit) -> Answer:
    await leave(visit)
    return Redirect("/login?ended")


# --- by a passkey -----------------------------------------------------------------------------------------


@SCREENS.post("/login/passkey", who=Who.ANYBODY, again=log_in_page)
async def log_in_by_passkey(visit: Visit) -> Answer:
    """The key says whose it is; its count goes on, so that a copy of it is found out."""
    filled = await visit.read(BY_PASSKEY)
    passkey = await _shown(visit, filled)
    account = await visit.look(lambda desk: desk.tx.accounts.get(passkey.account))
    if account is None:
        raise _unknown(visit, filled)
    await _note(visit, account, "passkey", succeeded=True)
    await enter(visit, account, "passkey")
    return Redirect(filled[NEXT] if is_local(filled[NEXT]) else "/my")


async def _shown(visit: Visit, filled: Filled) -> Passkey:
    """The passkey that was shown and holds. Raises: FormRefused, TooMany.

    What names no passkey of ours counts apart: a stranger's guesses keep nobody out who holds one.
    """
    gate, credential = visit.gate, filled[CREDENTIAL]
    passkey = await _named_by(visit, credential)
    gate.spend(passkey.id if passkey else "", visit.now, kind="passkey" if passkey else "no passkey")
    if passkey is None:
        raise _unknown(visit, filled)
    try:
        shown = gate.passkeys.verify_shown(credential, passkey, browser=visit.browser, now=visit.now)
    except Unproven:
        raise _unknown(visit, filled) from None
    used = replace(passkey, sign_count=shown.sign_count, last_used_at=visit.now)
    await visit.act(lambda desk: desk.tx.passkeys.save(used) if desk.tx.passkeys.get(used.id) else None)
    return used


async def _named_by(visit: Visit, credential: str) -> Passkey | None:
    """The passkey that a browser says it shows, where there is one."""
    try:
        passkey_id = visit.gate.passkeys.id_of(credential)
    except Unproven:
        return None
    return await visit.look(lambda desk: desk.tx.passkeys.get(passkey_id))


def _unknown(visit: Visit, filled: Filled) -> FormRefused:
    _ = visit.words
    return filled.refused(
        "", _("This passkey does not open anything here."), _("Try again, or use your password.")
    )


# --- by a link --------------------------------------------------------------------------------------------


@SCREENS.get("/login/link", who=Who.ANYBODY)
async def link_page(visit: Visit) -> Answer:
    """Opening the link does nothing yet: what looks at links in advance must not use it up."""
    token = visit.query.first("token")
    account = await visit.look(lambda desk: _of_link(desk, token))
    view = LinkView(token, account.display_name if account is not None else None)
    return Page("login/link.html", view, status=200 if account is not None else 404)


@SCREENS.post("/login/link", who=Who.ANYBODY, again=link_page)
async def log_in_by_link(visit: Visit) -> Answer:
    token = (await visit.read(BY_LINK))[TOKEN]
    if await visit.look(lambda desk: _of_link(desk, token)) is None:
        visit.gate.spend("", visit.now, kind=LINK)  # only what opens nothing: guesses keep nobody's link out

    def take(desk: Desk) -> Account | None:
        return _account_of(desk, take_ticket(desk, token, LINK))

    account = await visit.act(take)
    if account is None:
        return Page("login/link.html", LinkView("", None), status=404)
    await _note(visit, account, "link", succeeded=True)
    await enter(visit, account, "link")
    return Redirect("/my/security", visit.words("You are in. Set a new password or add a passkey here."))


def _of_link(desk: Desk, token: str) -> Account | None:
    return _account_of(desk, peek_ticket(desk, token, LINK))


def _account_of(desk: Desk, ticket: Ticket | None) -> Account | None:
    return desk.tx.accounts.get(ticket.account) if ticket is not None else None


# --- proving it anew --------------------------------------------------------------------------------------


@SCREENS.get("/my/confirm")
async def confirm_page(visit: Visit) -> Answer:
    """Before what matters, the owner shows that it is still them who sits there."""
    account = visit.viewer.account
    known = tuple(await visit.look(lambda desk: desk.tx.passkeys.all(account.id)))
    options = _options(visit, known) if known else ""
    view = LogInView(_back(visit), options, has_password=account.password_hash is not None)
    return Page("login/confirm.html", view, visit.form_or(CONFIRM))


@SCREENS.post("/my/confirm")
async def confirm(visit: Visit) -> Answer:
    filled = await visit.read(CONFIRM)
    account, session = visit.viewer.account, visit.viewer.session
    if not await visit.gate.is_password(account.name, filled[PASSWORD], account.password_hash, visit.now):
        await _note(visit, account, "password", succeeded=False)
        _ = visit.words
        raise filled.refused("password", _("This is not your password."), _("Try again."))
    await visit.act(lambda desk: confirm_session(desk, session.token_hash, "password"))
    return Redirect(filled[NEXT] if is_local(filled[NEXT]) else "/my")


@SCREENS.post("/my/confirm/passkey", again=confirm_page)
async def confirm_by_passkey(visit: Visit) -> Answer:
    filled = await visit.read(BY_PASSKEY)
    account, session = visit.viewer.account, visit.viewer.session
    if (await _shown(visit, filled)).account != account.id:
        raise _unknown(visit, filled)
    await visit.act(lambda desk: confirm_session(desk, session.token_hash, "passkey"))
    return Redirect(filled[NEXT] if is_local(filled[NEXT]) else "/my")
