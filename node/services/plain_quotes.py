"""Quotes to plain fediverse accounts: making them, and what `accept REFERENCE` does (`protocol §5`).

What is concluded changes stock, state and evidence in one transaction, and answers in the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.catalogue import CatalogueItem
from node.domain.errors import InvalidInput, Refusal
from node.domain.plain_quotes import (
    REFERENCE_BYTES,
    Act,
    PlainQuote,
    QuoteState,
    Unchanged,
    Word,
    act,
    make_reference,
    read_reference,
)
from node.domain.plain_words import cancelled_words, confirmation_words, kind_words, quote_words
from node.domain.sayings import said, said_by
from node.domain.talking import Part, Thread, Utterance
from node.domain.values import Money, Quantity, price_for
from node.sending import attest
from node.services.talking import Evidence, HeardNote, tell, thread_ref
from node.store.ports import Direction, Notice, StoredMessage

__all__ = [
    "EVIDENCE_KINDS",
    "MOST_AUTOMATIC_A_DAY",
    "QuoteDraft",
    "answer_kindly",
    "confirm",
    "end_due_quotes",
    "find_quote",
    "link_of",
    "send_quote",
    "take_word",
    "total_of",
    "withdraw_quote",
]

MOST_AUTOMATIC_A_DAY = 10
"""So often a day the node answers one account by itself: two that answer each other come to rest."""
_MOST_GOODS_CHARS = 500
_MOST_TERMS_CHARS = 1_000
_MOST_TRIES = 8
EVIDENCE_KINDS = ("plain-quote", "plain-accept", "plain-cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDraft:
    """What a vendor offers. `sku` is "" for what is not from the catalogue; `price` is for all of it."""

    goods: str
    quantity: Quantity
    price: Money
    ends_at: datetime
    sku: str = ""
    terms: str = ""
    firm: bool = False
    language: str = "en"


def link_of(desk: Desk, quote: PlainQuote) -> str:
    """The page of a quote: whoever has the link sees what the Note says, and nothing else."""
    return f"{desk.setting.base_url}/quotes/{quote.secret}"


def total_of(item: CatalogueItem, quantity: Quantity) -> Money:
    """What so much of an item costs with its delivery: a quote names what is paid in all.

    Raises: InvalidInput for more than an amount can hold.
    """
    try:
        goods = price_for(Decimal(item.price.text), item.price.currency, quantity.value)
    except ValueError as error:
        raise InvalidInput("quantity", said_by(error), "Quote less of it.") from None
    delivery = item.delivery.amount_minor if item.delivery is not None else 0
    return Money(goods.amount_minor + delivery, goods.currency)


def find_quote(desk: Desk, account: Account, reference: str) -> PlainQuote:
    """One of a vendor's own quotes, however its reference is spelt. Raises: InvalidInput."""
    found = desk.tx.plain_quotes.find(read_reference(reference) or "")
    if found is None or found.account != account.id:
        wrong = said("there is no quote '%(reference)s'", reference=reference[:40])
        raise InvalidInput("reference", wrong, "Look at the conversation that it was sent in.")
    return found


# --- making and taking back -------------------------------------------------------------------------------


def send_quote(desk: Desk, account: Account, thread: Thread, draft: QuoteDraft) -> PlainQuote:
    """Offer something to the peer of a thread, in a direct Note with a reference that is theirs alone.

    Raises: InvalidInput; Refusal(outOfStock) for a firm one of what is not there.
    """
    _check(desk, account, draft)
    reference = _new_reference(desk)
    quote = PlainQuote(
        account=account.id,
        reference=reference,
        id=desk.iri("sales", desk.new_id()),
        secret=desk.new_id(),
        thread=thread.id,
        customer=thread.peer.actor,
        goods=draft.goods.strip(),
        quantity=draft.quantity,
        price=draft.price,
        terms=draft.terms.strip(),
        made_at=desk.now,
        ends_at=draft.ends_at,
        sku=draft.sku,
        firm=draft.firm,
        language=draft.language,
    )
    if quote.firm:
        _change_stock(desk, quote, CatalogueItem.reserve)
    words = quote_words(quote, link_of(desk, quote))
    sent = tell(desk, account, thread, words, part=Part.QUOTE, language=quote.language)
    quote = replace(quote, note_id=sent.id)
    desk.tx.plain_quotes.save(quote)
    _keep_ours(desk, account, quote, sent)
    return quote


def _check(desk: Desk, account: Account, draft: QuoteDraft) -> None:
    if account.kind is not AccountKind.VENDOR:
        raise InvalidInput("account", "it is a person's", "Quotes are a vendor's.")
    if not draft.goods.strip():
        raise InvalidInput("goods", "it is empty", "Say what you offer.")
    for name, text, most in (
        ("goods", draft.goods, _MOST_GOODS_CHARS),
        ("terms", draft.terms, _MOST_TERMS_CHARS),
    ):
        if len(text) > most:
            raise InvalidInput(
                name, said("%(n)s characters", n=len(text)), said("Use at most %(n)s.", n=most)
            )
    if draft.price.amount_minor <= 0:
        raise InvalidInput("price", "it is not above 0", "Write a plain decimal such as 279.00.")
    if draft.sku and desk.tx.catalogue.get(account.id, draft.sku) is None:
        wrong = said("there is no item '%(sku)s'", sku=draft.sku)
        raise InvalidInput("sku", wrong, "Take one of your catalogue, or offer it in words.")
    longest = desk.setting.policy.offer_max
    if not desk.now < draft.ends_at <= desk.now + longest:
        right = said("Choose a time within the next %(days)s days.", days=longest.days)
        raise InvalidInput("until", "it is not ahead, or too far", right)


def _new_reference(desk: Desk) -> str:
    """A reference that nobody has had before. Of 2^40 one is free at once."""
    for _ in range(_MOST_TRIES):
        reference = make_reference(desk.random_bytes(REFERENCE_BYTES))
        if desk.tx.plain_quotes.find(reference) is None:
            return reference
    raise InvalidInput("reference", "no free one was found", "Try again.")  # pragma: no cover


def withdraw_quote(desk: Desk, account: Account, reference: str) -> PlainQuote:
    """Take a quote back that is neither firm nor concluded. Raises: InvalidInput."""
    quote = find_quote(desk, account, reference)
    done = act(quote, Act.WITHDRAW, desk.now)
    if isinstance(done, PlainQuote):
        desk.tx.plain_quotes.save(done)
        return done
    if done is Unchanged.FIRM:
        raise InvalidInput("reference", "it is firm", "What was promised until a time stands until then.")
    wrong = said("it is %(state)s", state=quote.state)
    raise InvalidInput("reference", wrong, "Only what is still open can be taken back.")


def end_due_quotes(desk: Desk, now: datetime, limit: int) -> int:
    """Let the clock end what is over; how many that was. What a firm one held is free again."""
    due = desk.tx.plain_quotes.due(now, limit)
    for quote in due:
        ended = act(quote, Act.END, now)
        if isinstance(ended, PlainQuote):
            if quote.firm:
                _change_stock(desk, quote, CatalogueItem.unreserve)
            desk.tx.plain_quotes.save(ended)
    return len(due)


# --- what the customer says -------------------------------------------------------------------------------


def take_word(desk: Desk, account: Account, heard: HeardNote, word: Word) -> tuple[Part, PlainQuote | None]:
    """Let `accept REFERENCE` or `cancel REFERENCE` do what it may: what it was, and the quote then.

    What it may not do is `answer_kindly`'s to say, once the message itself is kept.
    Spec: `protocol §5`: a Create signed by the account's own server; never a copy or a quote.
    """
    quote = desk.tx.plain_quotes.find(word.reference)
    why = _why_not(quote, account, heard)
    if why is not None or quote is None:
        return Part.WORDS, None
    done = act(quote, word.act, heard.evidence.received_at, by=heard.note.author)
    if isinstance(done, Unchanged):
        return Part.WORDS, None
    done = replace(done, accepted_by=heard.note.id) if word.act is Act.ACCEPT else done
    try:
        _change_stock(desk, quote, _stock_change(quote, word.act))
    except Refusal:
        return Part.WORDS, None
    desk.tx.plain_quotes.save(done)
    _keep_theirs(desk, done, heard.evidence, heard.note.author, word.act)
    return (Part.ACCEPTANCE if word.act is Act.ACCEPT else Part.CANCELLATION), done


def _why_not(quote: PlainQuote | None, account: Account, heard: HeardNote) -> Unchanged | None:
    """Why a word of this kind cannot count at all, whatever the quote's state."""
    if quote is None or quote.account != account.id or quote.customer != heard.note.author:
        return Unchanged.FOREIGN
    return None if heard.is_first_hand and heard.is_bare else Unchanged.NOT_SAID


def _stock_change(quote: PlainQuote, what: Act) -> Callable[[CatalogueItem, Decimal], CatalogueItem]:
    if what is Act.CANCEL:
        return CatalogueItem.put_back
    return _sell_reserved if quote.firm else CatalogueItem.take


def _sell_reserved(item: CatalogueItem, quantity: Decimal) -> CatalogueItem:
    return item.unreserve(quantity).take(quantity)


def _change_stock(
    desk: Desk, quote: PlainQuote, change: Callable[[CatalogueItem, Decimal], CatalogueItem]
) -> None:
    """Raises: Refusal(outOfStock); nothing is written then."""
    item = desk.tx.catalogue.get(quote.account, quote.sku) if quote.sku else None
    if item is not None:
        desk.tx.catalogue.put(quote.account, change(item, quote.quantity.value))


def confirm(desk: Desk, account: Account, thread: Thread, quote: PlainQuote, answers: str) -> None:
    """Tell the customer what was agreed, or that it is cancelled; the owner too."""
    until = quote.cancel_until
    if quote.state is QuoteState.CONCLUDED and until is not None:
        words, code = confirmation_words(quote, until), "quote-accepted"
        text = f"{thread.peer.shown} accepted {quote.reference}: {quote.goods}"
    else:
        words, code = cancelled_words(quote), "quote-cancelled"
        text = f"{thread.peer.shown} cancelled {quote.reference}: {quote.goods}"
    tell(desk, account, thread, words, in_reply_to=answers, part=Part.AUTOMATIC, language=quote.language)
    values = {"peer": thread.peer.shown, "item": quote.goods, "thread": thread.id}
    about = thread_ref(desk, thread)
    desk.tx.notices.add(Notice(account.id, desk.now, text, "quote", about, code=code, values=values))


def answer_kindly(
    desk: Desk,
    account: Account,
    thread: Thread,
    heard: HeardNote,
    word: Word,
    *,
    is_edit: bool = False,
) -> None:
    """Say why a word has changed nothing, where that was not said before: once for a reference and a reason.

    To somebody whose reference it is not, the answer is the same as to one who has guessed.
    Spec: `protocol §5`; `security L04`.
    """
    quote = desk.tx.plain_quotes.find(word.reference)
    why = _why_not(quote, account, heard)
    if why is None and is_edit:
        why = Unchanged.NOT_SAID
    if why is None and quote is not None:
        done = act(quote, word.act, heard.evidence.received_at, by=heard.note.author)
        why = done if isinstance(done, Unchanged) else Unchanged.SOLD_OUT
    if why is None:  # pragma: no cover - without a quote there is a reason, which mypy does not see
        return
    is_foreign = why is Unchanged.FOREIGN
    subject = heard.note.author if is_foreign else word.reference
    threads = desk.tx.threads
    since = desk.now - timedelta(days=1)
    if threads.automatic_since(account.id, heard.note.author, since) >= MOST_AUTOMATIC_A_DAY:
        return
    if not threads.answer_once(account.id, f"{why} {word.act} {subject}", desk.now):
        return
    threads.note_automatic(account.id, heard.note.author, desk.now)
    language = quote.language if quote is not None and not is_foreign else heard.note.language[:2]
    words = kind_words(why, word.act, word.reference, language)
    tell(desk, account, thread, words, in_reply_to=heard.note.id, part=Part.AUTOMATIC)
    if why is Unchanged.SOLD_OUT and quote is not None:
        text = f"{thread.peer.shown} accepted {quote.reference}, which is sold out: {quote.goods}"
        values = {"peer": thread.peer.shown, "item": quote.goods, "thread": thread.id}
        about, code = thread_ref(desk, thread), "quote-sold-out"
        desk.tx.notices.add(Notice(account.id, desk.now, text, "quote", about, code=code, values=values))


# --- evidence ---------------------------------------------------------------------------------------------


def _keep_ours(desk: Desk, account: Account, quote: PlainQuote, sent: Utterance) -> None:
    post = desk.tx.posts.get(sent.id)
    if post is None:  # pragma: no cover - it was saved in this very transaction
        return
    desk.tx.evidence.add(
        StoredMessage(
            own=account.id,
            deal_id=quote.id,
            activity_id=sent.id,
            direction=Direction.OUT,
            kind="plain-quote",
            actor=account.id,
            digest=attest.digest_of(post.body),
            body=post.body,
            at=desk.now,
            key_id=desk.signing_key(account.id).id,
        )
    )


def _keep_theirs(desk: Desk, quote: PlainQuote, evidence: Evidence, author: str, what: Act) -> None:
    """The message as it came, with the key and the document that show whose server signed it."""
    document = desk.tx.documents.save(author, evidence.document, evidence.fetched_at)
    desk.tx.evidence.add(
        StoredMessage(
            own=quote.account,
            deal_id=quote.id,
            activity_id=evidence.activity_id,
            direction=Direction.IN,
            kind=f"plain-{what}",
            actor=author,
            digest=evidence.digest,
            body=evidence.body,
            at=evidence.received_at,
            key_id=evidence.key_id,
            document=document,
            answers=quote.note_id,
            signature=evidence.signature,
        )
    )
