"""The first run: the one-time link, new or restore, and whether the domain leads here.

Never open to strangers: without a link that the server has just printed, the pages say where to find one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.desk import Desk
from node.domain.accounts import AccountKind
from node.services.entering import SET_UP, needs_set_up, peek_ticket, take_ticket
from node.services.setting_up import Draft, Identity, load_draft, save_draft
from node.store.ports import StoreRefused
from node.web.entering import enter_set_up
from node.web.fields import attached, choice, hidden, secret
from node.web.forms import Form
from node.web.setting_up import (
    CheckedBackup,
    Progress,
    Seen,
    check_backup,
    draft_at,
    forget_backup,
    is_staged,
    look_around,
    next_step,
    progress_at,
)
from node.web.uploads import RESTORE_BYTES
from node.web.visits import Answer, GoTo, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

RESTORE = "restore"
TOKEN = hidden("token", most=100)
CHOICE = choice("choice", {**{kind.value: kind.value for kind in AccountKind}, RESTORE: RESTORE})
START = Form(TOKEN, CHOICE)

FILE = attached("file")
PASSPHRASE = secret("passphrase")
BRING_BACK = Form(FILE, PASSPHRASE)

AGREE = Form()


@dataclass(frozen=True, slots=True)
class StartView:
    """`token` opens the set-up, "" where the browser is in already."""

    token: str


@dataclass(frozen=True, slots=True)
class ClosedView:
    """Why nothing can be set up from here: somebody can log in already, or the link is missing or old."""

    is_done: bool


@dataclass(frozen=True, slots=True)
class RestoreView:
    """`checked` is the backup that was read just now; `waits`: at the next start one takes this place."""

    waits: bool
    checked: CheckedBackup | None = None


@dataclass(frozen=True, slots=True)
class DomainView:
    """`seen` is empty until somebody looked."""

    progress: Progress
    base_url: str
    target: str
    seen: tuple[Seen, ...] = ()

    @property
    def has_looked(self) -> bool:
        return bool(self.seen)

    @property
    def is_well(self) -> bool:
        return self.has_looked and not any(one.is_trouble for one in self.seen)


# --- new or restore ---------------------------------------------------------------------------------------


@SCREENS.get("/setup", who=Who.ANYBODY)
async def start_page(visit: Visit) -> Answer:
    token = visit.form.typed.first("token") if visit.form is not None else visit.query.first("token")

    def view(desk: Desk) -> tuple[bool, bool, Draft | None]:
        return needs_set_up(desk), peek_ticket(desk, token, SET_UP) is not None, load_draft(desk)

    is_needed, opens, draft = await visit.look(view)
    session = visit.session
    if session is not None and session.account and draft is not None and session.account == draft.account:
        raise GoTo("/setup/terms")
    is_in = session is not None and not session.account
    if not is_needed or not (opens or is_in):
        return Page("setup/closed.html", ClosedView(is_done=not is_needed), status=404)
    return Page("setup/start.html", StartView(token if opens else ""), visit.form_or(START))


@SCREENS.post("/setup", who=Who.ANYBODY)
async def start(visit: Visit) -> Answer:
    """The link is used up, and this browser is in."""
    filled = await visit.read(START)
    visit.gate.spend("", visit.now, kind=SET_UP)
    chosen, is_in = filled[CHOICE], visit.session is not None and not visit.session.account
    kind = AccountKind.PERSON if chosen == RESTORE else AccountKind(chosen)

    def begin(desk: Desk) -> Draft | None:
        if not needs_set_up(desk) or not (is_in or take_ticket(desk, filled[TOKEN], SET_UP)):
            return None
        draft = Draft(kind, suggested=_known(desk, kind))
        save_draft(desk, draft)
        return draft

    draft = await visit.act(begin)
    if draft is None:
        return Page("setup/closed.html", ClosedView(is_done=False), status=404)
    if not is_in:
        await enter_set_up(visit)
    return Redirect("/setup/restore" if chosen == RESTORE else next_step(draft, "start"))


def _known(desk: Desk, kind: AccountKind) -> Identity | None:
    """Of the account that the command line made for this, where there is one."""
    there = [account for account in desk.tx.accounts.all() if account.kind is kind]
    if len(there) != 1:
        return None
    return Identity(there[0].name, there[0].display_name, there[0].summary or "")


# --- bringing a node back ---------------------------------------------------------------------------------


@SCREENS.get("/setup/restore", who=Who.SETTING_UP)
async def restore_page(visit: Visit) -> Answer:
    await _may_restore(visit)
    view = RestoreView(is_staged(visit.node.config.data_dir))
    return Page("setup/restore.html", view, visit.form_or(BRING_BACK))


@SCREENS.post("/setup/restore", who=Who.SETTING_UP, upload_bytes=RESTORE_BYTES)
async def restore(visit: Visit) -> Answer:
    """The backup is read to its end, tried, and then waits to take the node's place.

    A store that is in use is never replaced under whoever uses it, so that the last step is a restart.
    """
    await _may_restore(visit)
    filled = await visit.read(BRING_BACK)
    try:
        checked = await check_backup(visit.node, filled[FILE].path, filled[PASSPHRASE], filled[FILE].name)
    except StoreRefused as error:
        shown = str(error).replace(str(filled[FILE].path), filled[FILE].name)
        raise filled.refused("file", shown, "") from None
    view = RestoreView(is_staged(visit.node.config.data_dir), checked)
    return Page("setup/restore.html", view, BRING_BACK.blank())


@SCREENS.post("/setup/restore/drop", who=Who.SETTING_UP, again=restore_page)
async def drop(visit: Visit) -> Answer:
    """Not that one, or not at all: the node stays as it is."""
    await _may_restore(visit)
    await visit.read(AGREE)
    await forget_backup(visit.node)
    return Redirect("/setup/restore", visit.words("Nothing waits any more. This node stays as it is."))


async def _may_restore(visit: Visit) -> None:
    """Only before anybody has moved in. Raises: GoTo."""
    try:
        await draft_at(visit, "domain")
    except GoTo as error:
        if error.path != "/setup/restore":
            raise


# --- the domain -------------------------------------------------------------------------------------------


@SCREENS.get("/setup/domain", who=Who.SETTING_UP)
async def domain_page(visit: Visit) -> Answer:
    """The address, and on request how it stands with it: asked of the network, so not at every load."""
    draft = await draft_at(visit, "domain")
    config = visit.node.config
    looks = "look" in visit.query
    seen = tuple([one async for one in look_around(visit.node)]) if looks else ()
    target = f"{config.bind_host}:{config.bind_port}"
    view = DomainView(progress_at(draft, "domain"), config.base_url, target, seen)
    return Page("setup/domain.html", view, visit.form_or(AGREE), fragment="looks")


@SCREENS.post("/setup/domain", who=Who.SETTING_UP)
async def domain(visit: Visit) -> Answer:
    draft = await draft_at(visit, "domain")
    await visit.read(AGREE)
    await visit.act(lambda desk: save_draft(desk, replace(draft, is_domain_seen=True)))
    return Redirect(next_step(draft, "domain"))
