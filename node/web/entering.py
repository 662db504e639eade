"""Coming in and going out: the session in the store and the cookie in the browser, together."""

from __future__ import annotations

from node.desk import Desk
from node.domain.accounts import Account
from node.services.entering import SET_UP
from node.web.guard import Cookies
from node.web.sessions import ABSOLUTE, OpenedSession, browser_words, open_session
from node.web.visits import Visit

__all__ = ["enter", "enter_set_up", "leave"]


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
