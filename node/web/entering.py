"""Coming in and going out: the session in the store and the cookie in the browser, together."""

from __future__ import annotations

from datetime import timedelta

from node.desk import Desk
from node.domain.accounts import Account
from node.store.ports import Ticket
from node.web.guard import Cookies
from node.web.sessions import ABSOLUTE, OpenedSession, browser_words, hash_token, new_token, open_session
from node.web.visits import Visit

__all__ = ["LINK", "SET_UP", "enter", "enter_set_up", "leave", "make_link", "needs_set_up"]

LINK, SET_UP = "log-in", "set-up"
"""Purposes of tickets."""

LINK_LASTS = timedelta(minutes=15)
SET_UP_LASTS = timedelta(days=1)


async def enter(visit: Visit, account: Account, how: str) -> None:
    """Log this browser in; whatever it was before is over, so that nobody else's token becomes this one's."""
    await _enter(visit, account.id, how)


async def enter_set_up(visit: Visit) -> None:
    """Let this browser set the node up."""
    await _enter(visit, "", SET_UP)


async def _enter(visit: Visit, account: str, how: str) -> None:
    label = browser_words(visit.headers.get("user-agent", ""))
    before = visit.session

    def work(desk: Desk) -> OpenedSession:
        if before is not None:
            desk.tx.sessions.remove(before.token_hash)
        return open_session(desk, account, label=label, how=how)

    opened = await visit.act(work)
    cookies = _cookies(visit)
    lasts_s = int(ABSOLUTE.total_seconds()) if account else None
    visit.session = opened.session
    visit.cookies_set.append(cookies.set(cookies.session, opened.token, lasts_s=lasts_s))
    visit.cookies_set.append(cookies.clear(cookies.visitor))


async def leave(visit: Visit) -> None:
    """Log this browser out."""
    session = visit.session
    if session is not None:
        token_hash = session.token_hash
        await visit.act(lambda desk: desk.tx.sessions.remove(token_hash))
    visit.session = None
    cookies = _cookies(visit)
    visit.cookies_set.append(cookies.clear(cookies.session))


def _cookies(visit: Visit) -> Cookies:
    return Cookies(visit.node.config.base_url.startswith("https://"))


# --- links that the server's owner makes ------------------------------------------------------------------


def make_link(desk: Desk, purpose: str, account: str = "") -> str:
    """A one-time way in, as the path of a page: for a log-in a quarter of an hour, for the set-up a day.

    Of the set-up there is one link at a time: the newest.
    """
    token = new_token(desk.random_bytes(32))
    if purpose == SET_UP:
        desk.tx.tickets.clear(SET_UP)
    lasts = SET_UP_LASTS if purpose == SET_UP else LINK_LASTS
    desk.tx.tickets.save(Ticket(hash_token(token), purpose, account, desk.now, desk.now + lasts))
    return f"/setup?token={token}" if purpose == SET_UP else f"/login/link?token={token}"


def needs_set_up(desk: Desk) -> bool:
    """Whether nobody can log in here yet."""
    return not any(
        account.password_hash is not None or desk.tx.passkeys.all(account.id)
        for account in desk.tx.accounts.all()
    )
