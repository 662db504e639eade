"""After the conclusion: paid, received, called off, and how it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.desk import Desk
from node.domain.deals import Deal
from node.domain.feedback import MOODS
from node.domain.messages import Aspect, Kind, Stage
from node.domain.reasons import DECLINE_REASONS
from node.domain.values import Money
from node.services import fulfilling
from node.services.feedback import PublicWords, publish_feedback
from node.web.deal_reads import deal_page, find_deal_of
from node.web.deal_views import DealView, deal_view, find_published, may
from node.web.fields import choice, hidden, money, optional, switch, text
from node.web.forms import Filled, Form
from node.web.repeats import was_just_said
from node.web.screens.deals import show_deal
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who
from node.workflows.lookups import find_contact

__all__ = ["SCREENS"]

SCREENS = Screens()

WORDS_CHARS = 5000
MOST_ASPECTS = 4

REASON = choice("reason", {code: code for code in DECLINE_REASONS})
WORDS = optional(text("text", most=WORDS_CHARS, lines=True))
AGREE = choice("agree", {"yes": True, "no": False})
UNPAID = hidden("unpaid", most=40)

CANCEL = Form(REASON, WORDS)
ANSWER = Form(AGREE, WORDS)
CONFIRM = Form()

SAID = text("text", most=10_000, lines=True)
TITLE = text("title", most=200)
NAMES = tuple(optional(text(f"aspect_{n}", most=200)) for n in range(1, MOST_ASPECTS + 1))
ABOUT = tuple(optional(text(f"about_{n}", most=2000)) for n in range(1, MOST_ASPECTS + 1))
HOW = tuple(optional(choice(f"mood_{n}", {mood: mood for mood in MOODS})) for n in range(1, MOST_ASPECTS + 1))
UNDERSTOOD = switch("understood")

FEEDBACK = Form(SAID, *NAMES, *ABOUT, *HOW)
PUBLISH = Form(TITLE, SAID, *NAMES, *ABOUT, *HOW, UNDERSTOOD)


async def _view(visit: Visit) -> DealView:
    account, limits, locale = visit.viewer.account, visit.node.config.limits, visit.locale
    return await visit.look(lambda desk: deal_view(desk, account, visit.params["deal"], limits, locale))


async def _on_deal(visit: Visit, kind: Kind, filled: Filled, use_case: Callable[[Desk, Deal], object]) -> str:
    """Run a use case on the deal of this address if it may do this still: the page to go on to."""
    account, ref, _ = visit.viewer.account, visit.params["deal"], visit.words

    def work(desk: Desk) -> str:
        deal = find_deal_of(desk, account, ref)
        if not may(deal, kind):
            raise filled.refused(
                "", _("The deal has changed meanwhile. Nothing was sent."), _("See what is next.")
            )
        use_case(desk, deal)
        return deal_page(deal)

    return await visit.act(work)


# --- money and goods --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaidView:
    """`unpaid` is what was left to pay when the page was shown."""

    shown: DealView

    @property
    def unpaid(self) -> Money | None:
        return self.shown.unpaid


@SCREENS.get("/my/deals/{deal}/paid", who=Who.PERSON)
async def paid_page(visit: Visit) -> Answer:
    view = await _view(visit)
    if view.unpaid is None or Kind.PROGRESS not in view.acts:
        return Redirect(view.page)
    form = visit.form or Form().blank({"amount": view.unpaid.text})
    visit.is_shown = visit.form is not None
    return Page("deals/paid.html", PaidView(view), form)


@SCREENS.post("/my/deals/{deal}/paid", who=Who.PERSON)
async def paid(visit: Visit) -> Answer:
    """Tell the vendor that she has paid; a second tap would tell it twice, so what was left is compared."""
    view = await _view(visit)
    amount = money("amount", currency=view.price.currency if view.price is not None else "")
    filled = await visit.read(Form(amount, UNPAID))
    given, seen, _ = filled[amount], filled[UNPAID], visit.words
    if given.amount_minor == 0:
        raise filled.refused("amount", _("That is nothing."), _("Write what you paid."))

    def work(desk: Desk, deal: Deal) -> None:
        price = deal.agreement.price if deal.agreement is not None else None
        left = price.amount_minor - deal.paid_minor() if price is not None else 0
        if seen != str(left):
            raise filled.refused(
                "", _("What is left to pay has changed. Nothing was sent."), _("Look again.")
            )
        if given.amount_minor > left:
            raise filled.refused("amount", _("That is more than is left to pay."), _("Write what you paid."))
        fulfilling.report_progress(desk, deal, Stage.PAID, amount=given.text)

    return Redirect(await _on_deal(visit, Kind.PROGRESS, filled, work), _("They know that you have paid."))


@SCREENS.get("/my/deals/{deal}/received", who=Who.PERSON)
async def received_page(visit: Visit) -> Answer:
    view = await _view(visit)
    if Kind.CONFIRM not in view.acts:
        return Redirect(view.page)
    return Page("deals/received.html", view, visit.form_or(CONFIRM))


@SCREENS.post("/my/deals/{deal}/received", who=Who.PERSON)
async def received(visit: Visit) -> Answer:
    """Confirm that everything came; a second tap finds it done."""
    filled = await visit.read(CONFIRM)

    def work(desk: Desk, deal: Deal) -> None:
        if deal.confirmed_at is None or deal.presumed:
            fulfilling.confirm(desk, deal)

    page = await _on_deal(visit, Kind.CONFIRM, filled, work)
    return Redirect(page, visit.words("Confirmed. How was it? You can tell them, and only them."))


# --- calling it off ---------------------------------------------------------------------------------------


@SCREENS.get("/my/deals/{deal}/cancel", who=Who.PERSON)
async def cancel_page(visit: Visit) -> Answer:
    view = await _view(visit)
    if Kind.CANCEL not in view.acts or view.her_cancellation is not None:
        return Redirect(view.page)
    return Page("deals/cancel.html", view, visit.form_or(CANCEL))


@SCREENS.post("/my/deals/{deal}/cancel", who=Who.PERSON)
async def cancel(visit: Visit) -> Answer:
    """Ask the vendor to call it off; the agreement stands until it agrees."""
    filled = await visit.read(CANCEL)
    page = await _on_deal(
        visit,
        Kind.CANCEL,
        filled,
        lambda desk, deal: fulfilling.cancel(desk, deal, filled[REASON], filled[WORDS]),
    )
    return Redirect(page, visit.words("Asked. The agreement stands until they agree."))


@SCREENS.post("/my/deals/{deal}/cancel/answer", who=Who.PERSON, again=show_deal)
async def answer_cancel(visit: Visit) -> Answer:
    """Answer the vendor's wish to call it off."""
    filled = await visit.read(ANSWER)
    agree, _ = filled[AGREE], visit.words
    page = await _on_deal(
        visit,
        Kind.CANCEL_ACCEPT if agree else Kind.CANCEL_REJECT,
        filled,
        lambda desk, deal: fulfilling.answer_cancellation(desk, deal, agree=agree, content=filled[WORDS]),
    )
    return Redirect(page, _("It is called off.") if agree else _("They know that you do not agree."))


# --- how it was -------------------------------------------------------------------------------------------


@SCREENS.get("/my/deals/{deal}/feedback", who=Who.PERSON)
async def feedback_page(visit: Visit) -> Answer:
    view = await _view(visit)
    if Kind.FEEDBACK not in view.acts:
        return Redirect(view.page)
    return Page("deals/feedback.html", view, visit.form_or(FEEDBACK))


@SCREENS.post("/my/deals/{deal}/feedback", who=Who.PERSON)
async def feedback(visit: Visit) -> Answer:
    """Tell the vendor, and nobody else."""
    filled = await visit.read(FEEDBACK)
    aspects = _aspects(filled, visit)
    page = await _on_deal(
        visit,
        Kind.FEEDBACK,
        filled,
        lambda desk, deal: (
            was_just_said(desk, deal, Kind.FEEDBACK, filled[SAID])
            or fulfilling.give_feedback(desk, deal, filled[SAID], aspects)
        ),
    )
    return Redirect(page, visit.words("Told. Only they can read it."))


def _aspects(filled: Filled, visit: Visit) -> tuple[Aspect, ...]:
    """What she named, each with words and a mood where she gave one. Raises: FormRefused."""
    _ = visit.words
    found: list[Aspect] = []
    for name, about, how in zip(NAMES, ABOUT, HOW, strict=True):
        given = filled[name]
        if given is None and (filled[about] or filled[how]):
            raise filled.refused(name.name, _("What is this about?"), _("Name it: delivery, fit, price …"))
        if given is not None:
            found.append(Aspect(given, filled[about] or "", filled[how]))
    return tuple(found)


@SCREENS.get("/my/deals/{deal}/feedback/publish", who=Who.PERSON)
async def publish_page(visit: Visit) -> Answer:
    view = await _view(visit)
    if view.deal.agreed is None or view.published is not None:
        return Redirect(view.page)
    return Page("deals/publish.html", view, visit.form_or(PUBLISH))


@SCREENS.post("/my/deals/{deal}/feedback/publish", who=Who.PERSON)
async def publish(visit: Visit) -> Answer:
    """Say it in public, from the account itself: a step of its own, after knowing what strangers learn."""
    filled = await visit.read(PUBLISH)
    _ = visit.words
    if not filled[UNDERSTOOD]:
        raise filled.refused("understood", _("This is not ticked."), _("Tick it if you have read it."))
    aspects, shown = _aspects(filled, visit), await _view(visit)
    account = visit.viewer.account
    vendor = await find_contact(visit.node, account, shown.deal.peer)
    words = PublicWords(filled[TITLE], filled[SAID], aspects)

    def work(desk: Desk) -> str:
        deal = find_deal_of(desk, account, visit.params["deal"])
        if find_published(desk, account, deal) is None:  # a second tap publishes nothing twice
            publish_feedback(desk, account, deal, vendor, words)
        return deal_page(deal)

    return Redirect(await visit.act(work), _("Published. It stands on your page."))
