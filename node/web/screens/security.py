"""Where the owner is logged in, since when, who tried; and their password."""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.desk import Desk
from node.store.ports import Attempt, Passkey, Session
from node.web.fields import secret, text
from node.web.forms import Form
from node.web.sessions import confirm_session, end_session
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit

__all__ = ["SCREENS"]

SCREENS = Screens()

SESSION = text("session", most=16, least=16)
CURRENT = secret("current")
NEW = secret("password")

END = Form(SESSION)
END_OTHERS = Form()
CHANGE = Form(CURRENT, NEW)
SET = Form(NEW)

_NAME_CHARS = 16


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One browser. `name` is what ends it; it opens nothing."""

    name: str
    session: Session
    is_this: bool


@dataclass(frozen=True, slots=True)
class SecurityView:
    sessions: tuple[SessionLine, ...]
    attempts: tuple[Attempt, ...]
    passkeys: tuple[Passkey, ...]
    has_password: bool


@SCREENS.get("/my/security")
async def security(visit: Visit) -> Answer:
    viewer = visit.viewer

    def view(desk: Desk) -> SecurityView:
        sessions = reversed(desk.tx.sessions.all(viewer.account.id))
        return SecurityView(
            sessions=tuple(
                SessionLine(one.token_hash[:_NAME_CHARS], one, one.token_hash == viewer.session.token_hash)
                for one in sessions
            ),
            attempts=tuple(desk.tx.attempts.recent(viewer.account.id, limit=10)),
            passkeys=tuple(desk.tx.passkeys.all(viewer.account.id)),
            has_password=viewer.account.password_hash is not None,
        )

    form = CHANGE if viewer.account.password_hash is not None else SET
    return Page("security/security.html", await visit.look(view), visit.form_or(form))


@SCREENS.post("/my/security/end", again=security)
async def end(visit: Visit) -> Answer:
    """End one session."""
    name, account = (await visit.read(END))[SESSION], visit.viewer.account

    def work(desk: Desk) -> bool:
        found = [one for one in desk.tx.sessions.all(account.id) if one.token_hash.startswith(name)]
        return len(found) == 1 and end_session(desk, account.id, found[0].token_hash)

    if not await visit.act(work):
        raise Missing
    return Redirect("/my/security", visit.words("That browser is logged out."))


@SCREENS.post("/my/security/end-others", again=security)
async def end_others(visit: Visit) -> Answer:
    """End all sessions but this one."""
    await visit.read(END_OTHERS)
    viewer = visit.viewer
    ended = await visit.act(
        lambda desk: desk.tx.sessions.remove_all(viewer.account.id, besides=viewer.session.token_hash)
    )
    words = visit.words.ngettext(
        "%(num)s other browser is logged out.", "%(num)s other browsers are logged out.", ended
    )
    return Redirect("/my/security", words)


@SCREENS.post("/my/security/password", again=security)
async def change_password(visit: Visit) -> Answer:
    """A new password; every other session ends (`security U05`)."""
    account, session = visit.viewer.account, visit.viewer.session
    _ = visit.words
    if account.password_hash is None:
        visit.confirmed("/my/security")
        filled = await visit.read(SET)
    else:
        filled = await visit.read(CHANGE)
        if not await visit.gate.is_password(account.name, filled[CURRENT], account.password_hash, visit.now):
            raise filled.refused("current", _("This is not your password."), _("Type the one you have now."))
    hashed = await visit.gate.hash(filled[NEW])

    def work(desk: Desk) -> int:
        current = desk.tx.accounts.get(account.id) or account
        desk.tx.accounts.save(replace(current, password_hash=hashed))
        confirm_session(desk, session.token_hash, "password")
        return desk.tx.sessions.remove_all(account.id, besides=session.token_hash)

    ended = await visit.act(work)
    words = visit.words.ngettext(
        "Your password is new; %(num)s other browser is logged out.",
        "Your password is new; %(num)s other browsers are logged out.",
        ended,
    )
    return Redirect("/my/security", words)
