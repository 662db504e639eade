"""The vendor's deals: the list, and one from the intent to the receipt with all that can be done in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from node.desk import Desk
from node.domain.deals import Deal
from node.domain.messages import Kind, Stage
from node.domain.reasons import CANCEL_REASONS
from node.queries.records import Record, export_deal
from node.services import fulfilling, negotiating, quotes
from node.services.fulfilling import ReceiptWish
from node.web.deal_reads import words_of
from node.web.deal_words import FIELDS, delivery_words, detail_of
from node.web.fields import choice, day, hidden, optional, text
from node.web.forms import Filled, Form
from node.web.i18n import Locale
from node.web.names import REASONS, named
from node.web.repeats import was_just_said
from node.web.screens.shop.inbox import REASON, WORDS, place_before
from node.web.shop.deal import DealView, deal_view, seen_mark
from node.web.shop.deals import find_deal
from node.web.shop.ledger import LEDGER_VIEWS, Start, ledger_view
from node.web.shop.words import said_in
from node.web.visits import Answer, Download, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS", "SEEN", "check_seen", "deal_of", "deal_page"]

SCREENS = Screens()

SEEN = hidden("seen", most=40)
SAID = text("text", most=10_000, lines=True)
OFFER = hidden("offer", most=2000)
STAGE = choice("stage", {stage.value: stage for stage in Stage if stage is not Stage.PAID})
AMOUNT = optional(text("amount", most=40))
NAME = optional(text("name"))
RETURN = optional(day("return_until"))
GUARANTEE = optional(day("guarantee_until"))
CANCEL_REASON = choice("reason", {name: name for name in CANCEL_REASONS})
AGREE = choice("agree", {"yes": True, "no": False})

ASK = Form(SAID)
NO_BID = Form(SEEN, REASON, WORDS)
WITHDRAW = Form(SEEN, OFFER)
PROGRESS = Form(SEEN, STAGE, AMOUNT, NAME)
RECEIPT = Form(SEEN, RETURN, GUARANTEE)
CANCEL = Form(SEEN, CANCEL_REASON, WORDS)
CANCELLATION = Form(SEEN, AGREE, WORDS)
FORMS = {
    "ask": ASK,
    "no_bid": NO_BID,
    "progress": PROGRESS,
    "receipt": RECEIPT,
    "cancel": CANCEL,
    "cancellation": CANCELLATION,
}


@SCREENS.get("/my/deals", who=Who.VENDOR)
async def deals(visit: Visit) -> Answer:
    account, shown = visit.viewer.account, visit.query.first("show")
    if shown not in LEDGER_VIEWS:
        raise Missing
    start = Start(place_before(visit), place_before(visit, "sold"))
    return Page("shop/deals.html", await visit.look(lambda desk: ledger_view(desk, account, shown, start)))


# --- one deal ---------------------------------------------------------------------------------------------


class _Line:
    """A line of the timeline, in the reader's words."""

    def __init__(self, record: Record, locale: Locale) -> None:
        self.at: datetime = record.stored.at
        self.words = said_in(record, locale)
        refused = bool(record.stored.refused)
        self.who = "failed" if refused else "ours" if record.is_sent else "theirs"
        details = detail_of(record.message, locale)
        self.detail = " · ".join(details) if details else ""
        self.by = delivery_words(record, locale)
        self.seal = record.seal


class _Shown:
    """A deal with its timeline in words and its forms."""

    def __init__(self, view: DealView, visit: Visit) -> None:
        self.deal = view
        self.lines = [_Line(record, visit.locale) for record in view.records]
        self.talk = [(one, delivery_words(one.record, visit.locale)) for one in view.said]
        self.forms: dict[str, Filled] = {
            name: visit.form_or(form, {"seen": view.seen} if form is not ASK else {})
            for name, form in FORMS.items()
        }
        self.kinds = {kind.name.lower() for kind in view.can}
        self._locale = visit.locale

    def reasons(self, codes: tuple[str, ...]) -> list[tuple[str, str]]:
        """Reasons as options of a select."""
        return [(code, named(REASONS, code, self._locale)) for code in codes]

    def field_name(self, code: str) -> str:
        """What a field of the customer's card is called."""
        return named(FIELDS, code, self._locale)

    def words_of(self, html: str) -> tuple[str, ...]:
        return words_of(html)


@SCREENS.get("/my/deals/{deal}", who=Who.VENDOR)
async def deal_page(visit: Visit) -> Answer:
    limits = visit.node.config.limits
    view = await visit.look(lambda desk: deal_view(desk, deal_of(desk, visit), limits))
    if await visit.look(lambda desk: _is_new(desk, visit)):  # no longer new elsewhere
        await visit.act(lambda desk: desk.tx.overview.see(visit.viewer.account.id, [deal_of(desk, visit).id]))
    return Page("shop/deal.html", _Shown(view, visit))


@SCREENS.get("/my/deals/{deal}/evidence", who=Who.VENDOR)
async def evidence(visit: Visit) -> Answer:
    """Every message with what shows its signature, as a file that `obverse verify` reads."""
    bundle = await visit.look(lambda desk: export_deal(desk, deal_of(desk, visit)))
    return Download(json.dumps(bundle, indent=1).encode(), "deal.json", "application/json")


def _is_new(desk: Desk, visit: Visit) -> bool:
    deal = deal_of(desk, visit)
    return any(one.deal_id == deal.id for one in desk.tx.overview.unread(deal.account))


def deal_of(desk: Desk, visit: Visit) -> Deal:
    """The deal that the address names. Raises: Missing for none of this vendor's."""
    found = find_deal(desk, visit.viewer.account.id, visit.params["deal"])
    if found is None:
        raise Missing
    return found


def check_seen(visit: Visit, filled: Filled, deal: Deal) -> None:
    """Raises: FormRefused where the deal is not as it was shown."""
    if filled[SEEN] != seen_mark(deal):
        _ = visit.words
        raise filled.refused(
            "",
            _("This deal has changed since the page was opened."),
            _("Look at it below, then choose again."),
        )


async def _act(
    visit: Visit, form: Form, use_case: Callable[[Desk, Deal, Filled], object], said: str
) -> Answer:
    """Read a form, check that the deal is still as it was shown, act, and return to it."""
    filled = await visit.read(form)

    def work(desk: Desk) -> None:
        deal = deal_of(desk, visit)
        if SEEN in form.fields:
            check_seen(visit, filled, deal)
        use_case(desk, deal, filled)

    await visit.act(work)
    return Redirect(f"/my/deals/{visit.params['deal']}", said)


@SCREENS.post("/my/deals/{deal}/ask", who=Who.VENDOR, again=deal_page)
async def ask(visit: Visit) -> Answer:
    return await _act(
        visit,
        ASK,
        lambda desk, deal, f: (
            was_just_said(desk, deal, Kind.ASK, f[SAID]) or negotiating.ask(desk, deal, f[SAID])
        ),
        visit.words("Your message is sent."),
    )


@SCREENS.post("/my/deals/{deal}/no-bid", who=Who.VENDOR, again=deal_page)
async def no_bid(visit: Visit) -> Answer:
    return await _act(
        visit,
        NO_BID,
        lambda desk, deal, f: quotes.refuse_to_bid(desk, deal, f[REASON], f[WORDS]),
        visit.words("They are told that you make no offer."),
    )


@SCREENS.post("/my/deals/{deal}/withdraw", who=Who.VENDOR, again=deal_page)
async def withdraw(visit: Visit) -> Answer:
    return await _act(
        visit,
        WITHDRAW,
        lambda desk, deal, f: quotes.withdraw_offer(desk, deal, f[OFFER]),
        visit.words("Your offer is taken back."),
    )


@SCREENS.post("/my/deals/{deal}/progress", who=Who.VENDOR, again=deal_page)
async def progress(visit: Visit) -> Answer:
    def report(desk: Desk, deal: Deal, filled: Filled) -> object:
        amount = filled[AMOUNT]
        return fulfilling.report_progress(
            desk,
            deal,
            filled[STAGE],
            amount=amount.replace(",", ".") if amount else None,
            name=filled[NAME],
        )

    return await _act(visit, PROGRESS, report, visit.words("Noted, and they are told."))


@SCREENS.post("/my/deals/{deal}/receipt", who=Who.VENDOR, again=deal_page)
async def receipt(visit: Visit) -> Answer:
    return await _act(
        visit,
        RECEIPT,
        lambda desk, deal, f: fulfilling.issue_receipt(desk, deal, ReceiptWish(f[RETURN], f[GUARANTEE])),
        visit.words("The receipt is signed and sent."),
    )


@SCREENS.post("/my/deals/{deal}/cancel", who=Who.VENDOR, again=deal_page)
async def cancel(visit: Visit) -> Answer:
    return await _act(
        visit,
        CANCEL,
        lambda desk, deal, f: fulfilling.cancel(desk, deal, f[CANCEL_REASON], f[WORDS]),
        visit.words("They are asked whether to call it off."),
    )


@SCREENS.post("/my/deals/{deal}/cancellation", who=Who.VENDOR, again=deal_page)
async def answer_cancellation(visit: Visit) -> Answer:
    return await _act(
        visit,
        CANCELLATION,
        lambda desk, deal, f: fulfilling.answer_cancellation(desk, deal, agree=f[AGREE], content=f[WORDS]),
        visit.words("Your answer is sent."),
    )
