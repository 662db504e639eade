"""What a node says to a plain account by itself about a quote: short, kind, and showing what to do.

These words leave this node as the words of an account, so they are not the pages': the language is that in
which the quote was made. What is to be written back is the same in every language (`protocol §5`).
"""

from __future__ import annotations

from datetime import datetime

from node.domain.plain_quotes import Act, PlainQuote, Unchanged

__all__ = ["LANGUAGES", "cancelled_words", "confirmation_words", "kind_words", "quote_words"]

LANGUAGES = ("en", "de")

_QUOTE = {
    "en": (
        "{goods}, {quantity}: {price} in all.\n{terms}\n"
        "This holds until {ends} UTC. To buy, answer with exactly these words:\n\naccept {reference}\n\n"
        "The same, to look at: {link}"
    ),
    "de": (
        "{goods}, {quantity}: {price} insgesamt.\n{terms}\n"
        "Das gilt bis {ends} UTC. Zum Kaufen mit genau diesen Worten antworten:\n\naccept {reference}\n\n"
        "Dasselbe zum Ansehen: {link}"
    ),
}
_CONFIRMATION = {
    "en": (
        "Agreed, and thank you. {goods}, {quantity}: {price} in all.\n{terms}\n"
        "Until {until} UTC this can be cancelled by answering with exactly these words:\n\ncancel {reference}"
    ),
    "de": (
        "Abgemacht, und vielen Dank. {goods}, {quantity}: {price} insgesamt.\n{terms}\n"
        "Bis {until} UTC lässt sich das mit genau diesen Worten zurücknehmen:\n\ncancel {reference}"
    ),
}
_CANCELLED = {
    "en": "The purchase {reference} is cancelled. Nothing is owed.",
    "de": "Der Kauf {reference} ist zurückgenommen. Es ist nichts zu zahlen.",
}
_KIND = {
    "en": {
        Unchanged.REPEATED: "{reference} is agreed already; nothing has changed, and nothing more is needed.",
        Unchanged.LATE: "{reference} has ended meanwhile, so nothing was bought. Please ask for a new one.",
        Unchanged.WITHDRAWN: "{reference} was taken back, so nothing was bought. Please ask for a new one.",
        Unchanged.CANCELLED: "{reference} was cancelled, and stays so. Please ask for a new one.",
        Unchanged.FOREIGN: "There is no offer under this reference for your account, so nothing has changed.",
        Unchanged.NOT_SAID: (
            "Only a new message of your own counts that says nothing else, so nothing has changed."
            " Please send:\n\n{act} {reference}"
        ),
        Unchanged.SOLD_OUT: "We are sorry: that is sold out just now, so nothing was bought.",
        Unchanged.TOO_LATE_TO_CANCEL: (
            "{reference} could be cancelled by itself within an hour; that is over. It stays agreed."
            " Please write to us in your own words."
        ),
        Unchanged.NOTHING_TO_CANCEL: "Nothing was bought under {reference}, so there is nothing to cancel.",
    },
    "de": {
        Unchanged.REPEATED: "{reference} ist schon abgemacht; nichts ändert sich, mehr ist nicht nötig.",
        Unchanged.LATE: (
            "{reference} ist inzwischen abgelaufen, gekauft wurde nichts. Bitte um ein neues Angebot fragen."
        ),
        Unchanged.WITHDRAWN: (
            "{reference} wurde zurückgezogen, gekauft wurde nichts. Bitte um ein neues Angebot fragen."
        ),
        Unchanged.CANCELLED: (
            "{reference} wurde zurückgenommen, und dabei bleibt es. Bitte um ein neues Angebot fragen."
        ),
        Unchanged.FOREIGN: "Für dieses Konto gibt es kein Angebot unter diesem Zeichen; nichts geschah.",
        Unchanged.NOT_SAID: (
            "Es zählt nur eine neue eigene Nachricht, die nichts anderes sagt; nichts hat sich geändert."
            " Bitte senden:\n\n{act} {reference}"
        ),
        Unchanged.SOLD_OUT: "Es tut uns leid: Das ist gerade ausverkauft, gekauft wurde nichts.",
        Unchanged.TOO_LATE_TO_CANCEL: (
            "{reference} ließ sich eine Stunde lang von selbst zurücknehmen; die ist vorbei. Es bleibt"
            " abgemacht. Bitte in eigenen Worten schreiben."
        ),
        Unchanged.NOTHING_TO_CANCEL: "Unter {reference} wurde nichts gekauft, es gibt nichts zurückzunehmen.",
    },
}


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _in(quote: PlainQuote) -> str:
    return quote.language if quote.language in LANGUAGES else LANGUAGES[0]


def _of(quote: PlainQuote, text: str, **more: str) -> str:
    """The words with what was agreed in them; a quote without terms leaves no empty line."""
    lines = text.replace("{terms}\n", "{terms}\n" if quote.terms else "")
    return lines.format(
        goods=quote.goods,
        quantity=quote.quantity,
        price=quote.price,
        terms=quote.terms,
        reference=quote.reference,
        **more,
    )


def quote_words(quote: PlainQuote, link: str) -> str:
    """The quote itself, as its customer reads it."""
    return _of(quote, _QUOTE[_in(quote)], ends=_time(quote.ends_at), link=link)


def confirmation_words(quote: PlainQuote, until: datetime) -> str:
    """What has been agreed, and until when and how it can be cancelled."""
    return _of(quote, _CONFIRMATION[_in(quote)], until=_time(until))


def cancelled_words(quote: PlainQuote) -> str:
    return _of(quote, _CANCELLED[_in(quote)])


def kind_words(why: Unchanged, act: Act, reference: str, language: str) -> str:
    """Why a word has changed nothing, and what would."""
    kept = _KIND[language if language in LANGUAGES else LANGUAGES[0]]
    return kept[why].format(reference=reference, act=act.value)
