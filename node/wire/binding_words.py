"""Words of a plain account that may bind it: told from all else before it is known to what they answer."""

from __future__ import annotations

from federation.jsonld import type_names
from federation.messages import JsonObject
from node.domain.notes import Note
from node.domain.plain_quotes import Word, names_in, read_word
from node.wire.plainly import plain_words

__all__ = ["may_bind", "word_said"]


def may_bind(activity: JsonObject) -> bool:
    """Whether this says `accept` or `cancel` and a reference, to whomever, once all names are taken away.

    The signature of the request that brings such a message is evidence (`protocol §5`); whether there is such
    a quote, and whether the names are names, is judged later. Raises nothing, whatever the document holds.
    """
    note = activity.get("object")
    if isinstance(note, list) and len(note) == 1:
        note = note[0]
    if not isinstance(note, dict) or "Create" not in type_names(activity):
        return False
    words = plain_words(note)
    return words is not None and read_word(_without_names(words)) is not None


def _without_names(words: str) -> str:
    return " ".join(word for word in words.split() if not word.startswith("@"))


def word_said(document: JsonObject, note: Note, vendor: str, server: str) -> Word | None:
    """What a Note says to a quote of this vendor, None for anything else."""
    words = plain_words(document)
    return read_word(words, names_in(note, vendor, server)) if words is not None else None
