"""The rest of the first run, once its owner is in: terms, goods, hours, a trial, the recovery kit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.terms import ROSTER, short_name
from node.services.practice import PracticeState, practice_of
from node.services.setting_up import Draft, end_set_up, save_draft, settle_terms
from node.web.fields import choice, hidden, many, optional, switch, text
from node.web.forms import Form
from node.web.setting_up import (
    Progress,
    draft_at,
    is_code,
    new_code,
    next_step,
    practise,
    progress_at,
    sealed_kit,
)
from node.web.visits import Answer, Download, GoTo, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

BUNDLES = {
    "offer": ("PDC-INTENT",),
    "service": ("PDC-INTENT", "SD-BASE"),
    "portable": ("PDC-INTENT", "SD-BASE-DP"),
}
"""What a person may proffer by default, from the least that a vendor may do to the most that she may ask."""

BUNDLE = choice("bundle", BUNDLES)
PROFFER = Form(BUNDLE)
ACCEPTS = many(choice("accepts", {name: name for name in ROSTER}))
ACCEPT = Form(ACCEPTS)
GO_ON = Form()
HOURS = optional(text("hours", most=200))
OPEN = Form(HOURS)
CODE = hidden("code", most=60)
LAST = optional(text("last", most=10))
LATER = switch("later")
KIT = Form(CODE)
KEPT = Form(CODE, LAST, LATER)


@dataclass(frozen=True, slots=True)
class StepView:
    progress: Progress
    is_vendor: bool = False


@dataclass(frozen=True, slots=True)
class GoodsView:
    progress: Progress
    count: int


@dataclass(frozen=True, slots=True)
class PracticeView:
    progress: Progress
    state: PracticeState | None


@dataclass(frozen=True, slots=True)
class RecoveryView:
    """`code` seals the kit; it is on this page and nowhere else."""

    progress: Progress
    code: str
    handle: str


async def _at(visit: Visit, step: str) -> tuple[Draft, Account]:
    draft = await draft_at(visit, step)
    if visit.account is None:
        raise GoTo("/login")
    return draft, visit.account


# --- terms ------------------------------------------------------------------------------------------------


@SCREENS.get("/setup/terms", who=Who.SETTING_UP)
async def terms_page(visit: Visit) -> Answer:
    draft, account = await _at(visit, "terms")
    progress = progress_at(draft, "terms")
    if draft.kind is AccountKind.VENDOR:
        accepted = [short_name(term) for term in account.terms_accepted]
        return Page("setup/accepts.html", StepView(progress), visit.form_or(ACCEPT, {"accepts": accepted}))
    return Page("setup/terms.html", StepView(progress), visit.form_or(PROFFER))


@SCREENS.post("/setup/terms", who=Who.SETTING_UP)
async def terms(visit: Visit) -> Answer:
    draft, account = await _at(visit, "terms")
    if draft.kind is AccountKind.VENDOR:
        filled, _ = await visit.read(ACCEPT), visit.words
        names = filled[ACCEPTS]
        if not names:
            raise filled.refused(
                "accepts", _("Nobody could deal with you."), _("Accept at least one agreement.")
            )
    else:
        names = (await visit.read(PROFFER))[BUNDLE]
    await visit.act(lambda desk: settle_terms(desk, account, names))
    return Redirect(next_step(draft, "terms"))


# --- a shop's goods, hours and trial ----------------------------------------------------------------------


@SCREENS.get("/setup/goods", who=Who.SETTING_UP)
async def goods_page(visit: Visit) -> Answer:
    draft, account = await _at(visit, "goods")
    count = await visit.look(lambda desk: desk.tx.catalogue.count(account.id))
    return Page("setup/goods.html", GoodsView(progress_at(draft, "goods"), count), visit.form_or(GO_ON))


@SCREENS.post("/setup/goods", who=Who.SETTING_UP)
async def goods(visit: Visit) -> Answer:
    draft, _ = await _at(visit, "goods")
    await visit.read(GO_ON)
    return Redirect(next_step(draft, "goods"))


@SCREENS.get("/setup/hours", who=Who.SETTING_UP)
async def hours_page(visit: Visit) -> Answer:
    draft, _ = await _at(visit, "hours")
    view = StepView(progress_at(draft, "hours"))
    return Page("setup/hours.html", view, visit.form_or(OPEN, {"hours": draft.hours}))


@SCREENS.post("/setup/hours", who=Who.SETTING_UP)
async def hours(visit: Visit) -> Answer:
    """They become the last line of what strangers read about the shop."""
    draft, account = await _at(visit, "hours")
    said = (await visit.read(OPEN))[HOURS] or ""

    def work(desk: Desk) -> None:
        current = desk.tx.accounts.get(account.id) or account
        lines = (current.summary or "").split("\n")
        kept = [line for line in lines if line and line != draft.hours]
        desk.tx.accounts.save(replace(current, summary="\n".join([*kept, *filter(None, [said])]) or None))
        save_draft(desk, replace(draft, hours=said))

    await visit.act(work)
    return Redirect(next_step(draft, "hours"))


@SCREENS.get("/setup/practice", who=Who.SETTING_UP)
async def practice_page(visit: Visit) -> Answer:
    draft, account = await _at(visit, "practice")
    state = await visit.look(lambda desk: practice_of(desk, account))
    view = PracticeView(progress_at(draft, "practice"), state)
    return Page("setup/practice.html", view, visit.form_or(GO_ON))


@SCREENS.post("/setup/practice", who=Who.SETTING_UP)
async def practice(visit: Visit) -> Answer:
    """A trial customer on this node asks for something, so that the inbox is never empty."""
    draft, account = await _at(visit, "practice")
    await visit.read(GO_ON)
    await practise(visit, account)
    return Redirect(
        next_step(draft, "practice"), visit.words("A trial customer has asked you for something.")
    )


@SCREENS.post("/setup/practice/skip", who=Who.SETTING_UP, again=practice_page)
async def skip_practice(visit: Visit) -> Answer:
    draft, _ = await _at(visit, "practice")
    await visit.read(GO_ON)
    return Redirect(next_step(draft, "practice"))


# --- the recovery kit -------------------------------------------------------------------------------------


@SCREENS.get("/setup/recovery", who=Who.SETTING_UP)
async def recovery_page(visit: Visit) -> Answer:
    draft, account = await _at(visit, "recovery")
    typed = visit.form.typed.first("code") if visit.form is not None else ""
    code = typed if is_code(typed) else new_code(visit.node.seed())
    handle = f"@{account.name}@{visit.node.config.host}"
    view = RecoveryView(progress_at(draft, "recovery"), code, handle)
    return Page("setup/recovery.html", view, visit.form_or(KEPT))


@SCREENS.post("/setup/recovery/kit", who=Who.SETTING_UP, again=recovery_page)
async def recovery_kit(visit: Visit) -> Answer:
    """The whole node in one file, sealed by the code of the page that asks for it."""
    await _at(visit, "recovery")
    filled, _ = await visit.read(KIT), visit.words
    if not is_code(filled[CODE]):
        raise filled.refused("code", _("This page has expired."), _("Load it again."))
    name = f"{visit.node.config.host.replace(':', '-')}-{visit.now:%Y-%m-%d}.obverse"
    return Download(await sealed_kit(visit.node, filled[CODE], name), name)


@SCREENS.post("/setup/recovery", who=Who.SETTING_UP)
async def recovery(visit: Visit) -> Answer:
    """Done: the last group of the code shows that it was written down, or it is left for later, knowingly."""
    await _at(visit, "recovery")
    filled, _ = await visit.read(KEPT), visit.words
    last = (filled[LAST] or "").upper()
    if not filled[LATER] and (not is_code(filled[CODE]) or last != filled[CODE].rpartition("-")[2]):
        raise filled.refused(
            "last", _("These are not the last five letters of the code."), _("Look at what you wrote down.")
        )
    await visit.act(end_set_up)
    return Redirect("/my", _("Your node is set up."))
