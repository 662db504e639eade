"""An intent in words, as an account without a node reads it.

These words leave this node as the words of an account, so they are not the pages': the language is that of
their writer. What she keeps to herself is not in them.
"""

from __future__ import annotations

from datetime import datetime

from node.domain.intents import Intent, Place, Weight
from node.domain.terms import short_name

__all__ = ["LANGUAGES", "MOST_WORDS", "cast_note", "cast_words", "language_for", "withdrawal_words"]

LANGUAGES = ("en", "de")
MOST_WORDS = 4_500
"""Of a message; what is longer goes on behind its link."""

_LINES = {
    "en": {
        "what": "I am looking for: {name}",
        "quantity": "How much: {quantity}",
        "budget": "Up to {budget}",
        "gift": "Without money: a gift",
        "currency": "Offers in {currency}, please",
        "due": "Needed by {due}",
        "place": "Where: {place}",
        "around": "Where: {place}, {radius} km around",
        "wishes": "Wishes:",
        "must": "– {wish} (a must)",
        "nice": "– {wish}",
        "terms": "My terms:",
        "ends": "Answers are welcome until {ends} UTC, in your own words.",
        "link": "The same, to look at: {link}",
        "more": "There is more of it here: {link}",
        "gone": "I no longer need this: {name}. Thank you.",
    },
    "de": {
        "what": "Ich suche: {name}",
        "quantity": "Wie viel: {quantity}",
        "budget": "Bis {budget}",
        "gift": "Ohne Geld: als Geschenk",
        "currency": "Angebote bitte in {currency}",
        "due": "Gebraucht bis {due}",
        "place": "Wo: {place}",
        "around": "Wo: {place}, {radius} km im Umkreis",
        "wishes": "Wünsche:",
        "must": "– {wish} (muss sein)",
        "nice": "– {wish}",
        "terms": "Meine Bedingungen:",
        "ends": "Antworten sind bis {ends} UTC willkommen, in eigenen Worten.",
        "link": "Dasselbe zum Ansehen: {link}",
        "more": "Hier steht noch mehr davon: {link}",
        "gone": "Das brauche ich nicht mehr: {name}. Vielen Dank.",
    },
}


def language_for(tag: str) -> str:
    """The language of these words for a reader's tag: `de` for `de-AT`, English for what is not spoken."""
    language = tag.partition("-")[0]
    return language if language in LANGUAGES else LANGUAGES[0]


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def cast_words(intent: Intent, language: str) -> str:
    """All that is said of an intent, without the link: the budget only where she shares it.

    Shapes: paragraphs are apart by an empty line; words of hers keep their own lines.
    """
    line = _LINES[language]
    facts = [line["what"].format(name=intent.name)]
    if intent.quantity.text != "1" or intent.quantity.unit != "one":
        facts.append(line["quantity"].format(quantity=intent.quantity))
    facts += _limits(intent, line)
    wishes = [
        line["must" if wish.weight is Weight.MUST else "nice"].format(wish=wish.text)
        for wish in intent.wishes
    ]
    # An address for those who look it up; its part after the sign is no topic.
    terms = [f"– {short_name(term)}: {term}" for term in intent.terms]
    parts = (
        "\n".join(facts),
        "\n".join([line["wishes"], *wishes]) if wishes else "",
        intent.content or "",
        "\n".join([line["terms"], *terms]) if terms else "",
        line["ends"].format(ends=f"{intent.ends_at:%Y-%m-%d %H:%M}"),
    )
    return "\n\n".join(part for part in parts if part)


def _limits(intent: Intent, line: dict[str, str]) -> list[str]:
    facts = []
    if intent.currency is None:
        facts.append(line["gift"])
    elif intent.budget is not None and intent.share_budget:
        facts.append(line["budget"].format(budget=intent.budget))
    else:
        facts.append(line["currency"].format(currency=intent.currency))
    if intent.due_at is not None:
        facts.append(line["due"].format(due=_day(intent.due_at)))
    if intent.place is not None and intent.place.name:
        facts.append(_where(intent.place, line))
    return facts


def _where(place: Place, line: dict[str, str]) -> str:
    """Where, as roughly as she says it; coordinates are for programs."""
    if place.radius is None or place.units != "km":
        return line["place"].format(place=place.name)
    return line["around"].format(place=place.name, radius=f"{place.radius:g}")


def cast_note(words: str, link: str, language: str) -> str:
    """The message itself: the words and the link to the same; what is too long goes on behind it."""
    line = _LINES[language]
    if len(words) <= MOST_WORDS:
        return f"{words}\n\n{line['link'].format(link=link)}"
    return f"{words[:MOST_WORDS].rstrip()} …\n\n{line['more'].format(link=link)}"


def withdrawal_words(title: str, language: str) -> str:
    return _LINES[language]["gone"].format(name=title)
