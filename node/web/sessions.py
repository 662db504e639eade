"""Who is logged in where: sessions in the store, of which only the token's hash is kept.

A session ends by hand, with a new password, after it was idle for long, and at the latest after a season.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from node.desk import Desk
from node.services.entering import TOKEN_BYTES, hash_token, is_token, new_token
from node.store.ports import Flash, Session, Tx

__all__ = [
    "ABSOLUTE",
    "FRESH",
    "IDLE",
    "OpenedSession",
    "browser_words",
    "confirm_session",
    "end_session",
    "find_session",
    "is_due",
    "open_session",
    "put_flash",
    "see_session",
    "take_flash",
]

IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=90)
SET_UP = timedelta(hours=4)
FRESH = timedelta(minutes=5)
"""So long it counts that an owner has just proven who they are."""
SEEN_EVERY = timedelta(minutes=5)
"""No finer is kept when somebody was here, so that reading a page writes nothing."""

_MOST_FLASHES = 5
_MOST_SESSIONS = 50


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session, with the token that only the browser keeps."""

    token: str
    session: Session


def open_session(desk: Desk, account: str, *, label: str, how: str) -> OpenedSession:
    """Log a browser in; `account` is "" for a set-up. Sessions that are over, and the oldest of many, go."""
    desk.tx.sessions.remove_idle(account, seen_before=desk.now - IDLE, made_before=desk.now - ABSOLUTE)
    for old in desk.tx.sessions.all(account)[: -_MOST_SESSIONS + 1]:
        desk.tx.sessions.remove(old.token_hash)
    token = new_token(desk.random_bytes(TOKEN_BYTES))
    session = Session(hash_token(token), account, desk.now, desk.now, label, desk.now, how)
    desk.tx.sessions.save(session)
    return OpenedSession(token, session)


def find_session(tx: Tx, token: str, now: datetime) -> Session | None:
    """The session of a token, None where there is none any more."""
    if not is_token(token):
        return None
    session = tx.sessions.get(hash_token(token))
    if session is None:
        return None
    idle, absolute = (IDLE, ABSOLUTE) if session.account else (SET_UP, SET_UP)
    is_over = now - session.last_seen_at >= idle or now - session.created_at >= absolute
    return None if is_over else session


def see_session(desk: Desk, session: Session) -> None:
    """Note that somebody is here; a session that has ended meanwhile stays ended."""
    current = desk.tx.sessions.get(session.token_hash)
    if current is not None and desk.now - current.last_seen_at >= SEEN_EVERY:
        desk.tx.sessions.save(replace(current, last_seen_at=desk.now))


def is_due(session: Session, now: datetime) -> bool:
    """Whether `see_session` would note something."""
    return now - session.last_seen_at >= SEEN_EVERY


def confirm_session(desk: Desk, token_hash: str, how: str) -> None:
    """Note that its owner has just proven who they are."""
    current = desk.tx.sessions.get(token_hash)
    if current is not None:
        desk.tx.sessions.save(replace(current, confirmed_at=desk.now, how=how))


def end_session(desk: Desk, account: str, token_hash: str) -> bool:
    """End one session of an account; another's is as good as none."""
    session = desk.tx.sessions.get(token_hash)
    return session is not None and session.account == account and desk.tx.sessions.remove(token_hash)


def put_flash(desk: Desk, token_hash: str, flash: Flash) -> None:
    """Have the next page say something."""
    current = desk.tx.sessions.get(token_hash)
    if current is not None:
        desk.tx.sessions.save(replace(current, flash=(*current.flash, flash)[-_MOST_FLASHES:]))


def take_flash(desk: Desk, token_hash: str) -> tuple[Flash, ...]:
    """What is to be said, once."""
    current = desk.tx.sessions.get(token_hash)
    if current is None or not current.flash:
        return ()
    desk.tx.sessions.save(replace(current, flash=()))
    return current.flash


# --- which browser ----------------------------------------------------------------------------------------

# In this order: most name others, too, to be taken for them.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """A browser as its owner would name it: `Firefox, Linux`; "" for one that says nothing that we know."""
    agent = user_agent[:500]
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return ", ".join(filter(None, (browser, system)))
