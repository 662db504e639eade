"""Her intents: the list, one of them, and what she can still do about it."""

from __future__ import annotations

from node.desk import Desk
from node.domain.drafts import Draft
from node.domain.intents import IntentState
from node.services.composing import draft_of
from node.services.holding import is_held, send_now, take_back
from node.services.intents import IntentChange, update_intent, withdraw_intent
from node.services.plain_casts import told_of
from node.web.compose_views import day_ends, day_of, part_page
from node.web.deal_reads import find_intent_of
from node.web.fields import day, hidden, optional, text
from node.web.forms import Form
from node.web.intent_views import intent_bytes_view, intent_view, intents_view, watch_intent
from node.web.visits import Answer, Live, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

NOTHING = Form()
SEEN = hidden("seen", most=60)
WITHDRAW = Form(SEEN)
NAME = text("name", most=200)
CONTENT = optional(text("content", most=10_000, lines=True))
ENDS = day("ends")
DUE = optional(day("due"))
CHANGE = Form(NAME, CONTENT, ENDS, DUE)
_MOST_PAGES = 100_000


@SCREENS.get("/my/intents", who=Who.PERSON)
async def live(visit: Visit) -> Answer:
    return await _list(visit, everything=False)


@SCREENS.get("/my/intents/all", who=Who.PERSON)
async def all_of_them(visit: Visit) -> Answer:
    return await _list(visit, everything=True)


async def _list(visit: Visit, *, everything: bool) -> Answer:
    account, locale = visit.viewer.account, visit.locale
    typed = visit.query.first("page")
    page = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 0
    view = await visit.look(
        lambda desk: intents_view(desk, account, locale, everything=everything, page=min(page, _MOST_PAGES))
    )
    return Page("intents/list.html", view)


# --- one of them ------------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/{intent}", who=Who.PERSON)
async def show(visit: Visit) -> Answer:
    account, ref = visit.viewer.account, visit.params["intent"]
    view = await visit.look(lambda desk: intent_view(desk, account, ref, visit.locale))
    if any(line.is_new for line in view.lines):  # marked on this page for the last time
        deals = [line.deal.id for line in view.lines]
        await visit.act(lambda desk: desk.tx.overview.see(account.id, deals))
    return Page("intents/show.html", view, fragment="state")


@SCREENS.get("/my/intents/{intent}/changes", who=Who.PERSON)
async def changes(visit: Visit) -> Answer:
    account, ref = visit.viewer.account, visit.params["intent"]
    await visit.look(lambda desk: watch_intent(desk, account, ref))  # another's is missing, before it streams
    return Live(lambda desk: watch_intent(desk, account, ref))


@SCREENS.get("/my/intents/{intent}/bytes", who=Who.PERSON)
async def sent_bytes(visit: Visit) -> Answer:
    account, ref = visit.viewer.account, visit.params["intent"]
    return Page("intents/bytes.html", await visit.look(lambda desk: intent_bytes_view(desk, account, ref)))


# --- before it leaves -------------------------------------------------------------------------------------


@SCREENS.post("/my/intents/{intent}/undo", who=Who.PERSON, again=show)
async def undo(visit: Visit) -> Answer:
    """Take it back as though it had never been: what was said is a draft again."""
    await visit.read(NOTHING)
    account, ref = visit.viewer.account, visit.params["intent"]

    def work(desk: Desk) -> Draft | None:
        intent = find_intent_of(desk, account, ref)
        if not is_held(desk, intent):
            return None
        deals, casts = desk.tx.deals.of_intent(intent.id), desk.tx.plain_casts.of_intent(intent.id)
        take_back(desk, intent)
        return draft_of(desk, intent, deals, casts, is_new=False)

    draft = await visit.act(work)
    if draft is None:
        return Redirect(
            f"/my/intents/{ref}",
            visit.words("It has left already. You can still withdraw it; the vendors are told then."),
            "bad",
        )
    return Redirect(part_page(draft, "check"), visit.words("Taken back. Nothing has left your node."))


@SCREENS.post("/my/intents/{intent}/send-now", who=Who.PERSON, again=show)
async def send_at_once(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account, ref = visit.viewer.account, visit.params["intent"]
    await visit.act(lambda desk: send_now(desk, find_intent_of(desk, account, ref)))
    return Redirect(f"/my/intents/{ref}", visit.words("It is on its way."))


# --- afterwards -------------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/{intent}/withdraw", who=Who.PERSON)
async def withdraw_page(visit: Visit) -> Answer:
    account, ref = visit.viewer.account, visit.params["intent"]
    view = await visit.look(lambda desk: intent_view(desk, account, ref, visit.locale))
    if not view.may_withdraw:
        return Redirect(view.page, visit.words("There is nothing to withdraw."), "warn")
    return Page("intents/withdraw.html", view, visit.form_or(WITHDRAW))


@SCREENS.post("/my/intents/{intent}/withdraw", who=Who.PERSON)
async def withdraw(visit: Visit) -> Answer:
    """Every vendor that may still answer is told; offers of it that came meanwhile are asked about first."""
    filled = await visit.read(WITHDRAW)
    account, ref = visit.viewer.account, visit.params["intent"]
    _ = visit.words

    def work(desk: Desk) -> int:
        view = intent_view(desk, account, ref, visit.locale)
        if view.intent.state is IntentState.LIVE and view.offers_mark != filled[SEEN]:
            raise filled.refused(
                "", _("The offers have changed since you looked."), _("See them, then decide again.")
            )
        messages = told_of(desk, view.intent)
        return len(withdraw_intent(desk, view.intent)) + messages

    told = await visit.act(work)
    words = _.ngettext("Withdrawn: %(num)s vendor is told.", "Withdrawn: %(num)s vendors are told.", told)
    return Redirect(f"/my/intents/{ref}", words)


@SCREENS.get("/my/intents/{intent}/change", who=Who.PERSON)
async def change_page(visit: Visit) -> Answer:
    account, ref = visit.viewer.account, visit.params["intent"]
    view = await visit.look(lambda desk: intent_view(desk, account, ref, visit.locale))
    if not view.may_change:
        return Redirect(view.page, visit.words("Nobody can answer it any more; say it again."), "warn")
    shown = {
        "name": view.intent.name,
        "content": view.intent.content or "",
        "ends": day_of(view.intent.ends_at, visit.locale),
        "due": day_of(view.intent.due_at, visit.locale),
    }
    return Page("intents/change.html", view, visit.form_or(CHANGE, shown))


@SCREENS.post("/my/intents/{intent}/change", who=Who.PERSON)
async def change(visit: Visit) -> Answer:
    """State it anew; live offers to what it said before end."""
    filled = await visit.read(CHANGE)
    account, ref = visit.viewer.account, visit.params["intent"]
    _ = visit.words
    ends_at = day_ends(filled[ENDS], visit.locale)
    due_at = day_ends(due, visit.locale) if (due := filled[DUE]) is not None else None
    longest = visit.node.setting.policy.intent_max
    if not visit.now < ends_at <= visit.now + longest:
        raise filled.refused(
            "ends",
            _("It cannot end on that day."),
            _("Choose one from today on, within %(n)s days.", n=longest.days),
        )
    if due_at is not None and due_at <= visit.now:
        raise filled.refused("due", _("That day is past."), _("Choose a later one, or leave it as it was."))

    def work(desk: Desk) -> int | None:
        intent = find_intent_of(desk, account, ref)
        was_end, was_due = day_of(intent.ends_at, visit.locale), day_of(intent.due_at, visit.locale)
        content = filled[CONTENT] or ""
        said = IntentChange(
            name=filled[NAME] if filled[NAME] != intent.name else None,
            content=content if content != (intent.content or "") else None,
            lasts=ends_at - desk.signing_time if filled[ENDS].isoformat() != was_end else None,
            due_at=due_at if due_at is not None and day_of(due_at, visit.locale) != was_due else None,
        )
        if said == IntentChange():
            return None
        return len(update_intent(desk, intent, said)[1]) + told_of(desk, intent)

    told = await visit.act(work)
    if told is None:
        return Redirect(f"/my/intents/{ref}", _("Nothing was changed."), "plain")
    words = _.ngettext("Stated anew: %(num)s vendor is told.", "Stated anew: %(num)s vendors are told.", told)
    return Redirect(f"/my/intents/{ref}", words)


@SCREENS.post("/my/intents/{intent}/again", who=Who.PERSON, again=show)
async def say_again(visit: Visit) -> Answer:
    """A new draft that says the same."""
    await visit.read(NOTHING)
    account, ref = visit.viewer.account, visit.params["intent"]

    def work(desk: Desk) -> Draft:
        intent = find_intent_of(desk, account, ref)
        casts = desk.tx.plain_casts.of_intent(intent.id)
        return draft_of(desk, intent, desk.tx.deals.of_intent(intent.id), casts, is_new=True)

    draft = await visit.act(work)
    return Redirect(
        part_page(draft, "check"), visit.words("A new draft, with what you said then. Look it through.")
    )
