"""Words on a deal: questions and answers, and private feedback."""

from __future__ import annotations

from federation.messages import JsonObject, JsonValue
from node.domain.feedback import MOODS
from node.domain.messages import Ask, Aspect, Feedback
from node.domain.values import format_time
from node.wire.contexts import obv
from node.wire.headers import Header, build_activity, present, read_deal_id, read_made_object
from node.wire.reading import CONTENT_CHARS, Reader

__all__ = ["build_ask", "build_aspects", "build_feedback", "parse_ask", "parse_feedback", "read_aspects"]

MAX_ASPECTS = 20


def parse_ask(activity: Reader, header: Header) -> Ask:
    deal_id = read_deal_id(activity)
    note = _read_note(activity, header, deal_id)
    return Ask(
        **header.on(deal_id),
        note_id=note.iri("id"),
        in_reply_to=note.iri("inReplyTo"),
        content=note.text("content", CONTENT_CHARS),
    )


def _read_note(activity: Reader, header: Header, deal_id: str) -> Reader:
    note = read_made_object(activity, "Note", header)
    note.same("context", deal_id, "the activity's")
    return note


def build_ask(message: Ask) -> JsonObject:
    note = {
        "id": message.note_id,
        "type": "Note",
        "attributedTo": message.actor,
        "to": [message.to],
        "context": message.deal_id,
        "inReplyTo": message.in_reply_to,
        "published": format_time(message.at),
        "content": message.content,
    }
    return build_activity(message, "Create", {"context": message.deal_id, "object": note})


def parse_feedback(activity: Reader, header: Header) -> Feedback:
    """Private feedback: to the vendor alone, about the vendor, on one agreement."""
    deal_id = read_deal_id(activity)
    note = _read_note(activity, header, deal_id)
    note.forbid("inReplyTo", why="feedback answers nothing")
    note.same("withRegardTo", header.to, "the vendor that receives it")
    return Feedback(
        **header.on(deal_id),
        note_id=note.iri("id"),
        accept_digest=activity.digest("acceptDigest"),
        content=note.text("content", CONTENT_CHARS),
        aspects=read_aspects(note),
    )


def read_aspects(note: Reader) -> tuple[Aspect, ...]:
    """What was liked or not, in words; a mood is one of a few and never a score."""
    return tuple(
        Aspect(
            name=aspect.text("name"),
            content=aspect.maybe_text("content", 2_000) or "",
            mood=aspect.maybe_code("mood", MOODS),
        )
        for aspect in note.children("aspects", MAX_ASPECTS)
    )


def build_aspects(aspects: tuple[Aspect, ...]) -> list[JsonValue]:
    return [
        present(name=aspect.name, content=aspect.content, mood=obv(aspect.mood) if aspect.mood else None)
        for aspect in aspects
    ]


def build_feedback(message: Feedback) -> JsonObject:
    note = present(
        id=message.note_id,
        type="Note",
        attributedTo=message.actor,
        to=[message.to],
        context=message.deal_id,
        published=format_time(message.at),
        content=message.content,
        withRegardTo=message.to,
        aspects=build_aspects(message.aspects),
    )
    members = {"context": message.deal_id, "acceptDigest": message.accept_digest, "object": note}
    return build_activity(message, "Create", members)
