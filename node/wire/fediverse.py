"""Notes of other people's servers, read tolerantly where peers differ, strictly where it would be dangerous.

Tolerant: one or many, id or object, text or map, missing times, every shape of address, attachment and tag.
Strict: whose it is. A Note is its author's, has an address on the author's origin, and what it embeds of
others is never believed: only the id of it is read. All that comes out is clean and bounded; what is too much
is cut, so that a person still profits (`interop §4.1, §4.3`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from federation.errors import InvalidIri
from federation.ids import parse_iri, same_origin
from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue
from federation.vocab import ACTIVITY_TYPES, ACTOR_TYPES, AS_NAMESPACE, LD_JSON, PUBLIC
from node.domain.errors import Reason, Refusal
from node.domain.notes import Mention, Note, Visibility
from node.wire.attachments import MEDIA_KINDS, attachments_of
from node.wire.html import clean_html, has_words, html_of
from node.wire.loose import (
    addresses,
    bare_types,
    first_address,
    iri_of,
    is_language,
    is_neighbour,
    line,
    links,
    map_of,
    media_type_of,
    time_of,
    words,
)

__all__ = ["SHOWN_TYPES", "is_vote", "parse_note", "visibility_of"]

SHOWN_TYPES = frozenset(
    ("Note", "Question", "Article", "Page", "Event", "ChatMessage", "Document", *MEDIA_KINDS)
)
"""What is shown as something that somebody said; of everything else nothing is (`interop §4.1`)."""
_TALK = frozenset(("Note", "Question", "ChatMessage"))
"""Where `summary` warns of the content, and `name` is no title. In what has a title it sums up."""
_PLAIN = frozenset(("text/plain", "text/markdown", "text/x.misskeymarkdown"))
_QUOTE_MEMBERS = ("quote", "quoteUrl", "quoteUri", "_misskey_quote")
MAX_TAGS = 100
MAX_OPTIONS = 20
NAME_CHARS = 500
TAG_CHARS = 100
CONTEXT_CHARS = 500


def parse_note(document: JsonObject, *, author: str, received_at: datetime, followers: str = "") -> Note:
    """Read what `author` said: a Note, or another object that is shown like one.

    Shapes: `author` is who is proven to have sent it, or whose origin it was fetched from; `followers` is the
            id of their followers collection, "" where it is not known. `to` and `cc` come out canonical, the
            public in its full spelling; `context` is what the Note claims to belong to, and binds nobody.
            Hashtags come without their #. The options of a poll are a list at the end of the content.
    Units:  `received_at` is aware UTC: the time of a Note that tells none, or one that is yet to come.
    Raises: Refusal(malformed) for what is nobody's, somebody else's, a vote, or nothing that could be shown.
    Spec:   `interop §4.1, §4.3, §4.5`; FEP-fe34 (owner and origin); FEP-e232 (quotes by tag).
    """
    kind = _kind(document)
    note_id = _own_id(document, author)
    if is_vote(document):
        raise _refused("a vote in a poll says nothing")
    to, cc = addresses(document.get("to")), addresses(document.get("cc"))
    content, summary, language = _text(document, kind)
    title = "" if kind in _TALK else words(map_of(document, "name")[0], NAME_CHARS)
    attachments, quoted = attachments_of(document, kind), _quoted(document)
    if not (content or summary or title or attachments or quoted):
        raise _refused("there is nothing in it to show")
    published_at = time_of(document.get("published")) or received_at
    mentions, hashtags = _tags(document)
    return Note(
        id=note_id,
        author=author,
        content=content,
        published_at=min(published_at, received_at),
        visibility=visibility_of(to, cc, followers or _followers_in((*to, *cc), author)),
        updated_at=time_of(document.get("updated")),
        title=title,
        summary=summary,
        language=language,
        url=_page(document.get("url"), author) or note_id,
        in_reply_to=first_address(document.get("inReplyTo")),
        context=_context(document),
        quoted=quoted,
        mentions=mentions,
        hashtags=hashtags,
        attachments=attachments,
        to=to,
        cc=cc,
        is_sensitive=_is_sensitive(document),
    )


def visibility_of(to: Collection[str], cc: Collection[str], followers: str) -> Visibility:
    """Who may read what is addressed like this.

    Shapes: `to` and `cc` are canonical, as `parse_note` gives them; `followers` is the id of the author's
            followers collection, "" for none.
    Spec:   `interop §4.3`.
    """
    if PUBLIC in to:
        return Visibility.PUBLIC
    if PUBLIC in cc:
        return Visibility.UNLISTED
    if followers and (followers in to or followers in cc):
        return Visibility.FOLLOWERS
    return Visibility.DIRECT


def is_vote(document: JsonObject) -> bool:
    """Whether a Note is an answer to a poll: a name, what it answers, and not a word of content."""
    return (
        "Note" in bare_types(document)
        and bool(line(document.get("name"), NAME_CHARS))
        and bool(first_address(document.get("inReplyTo")))
        and not map_of(document, "content")[0]
        and not as_list(document.get("attachment"))
    )


def _refused(why: str) -> Refusal:
    return Refusal(Reason.MALFORMED, why)


# --- whose it is -----------------------------------------------------------------------------------------


def _kind(document: JsonObject) -> str:
    names = bare_types(document)
    if any(name in ACTOR_TYPES or name in ACTIVITY_TYPES - {"Question"} for name in names):
        raise _refused("an actor or an activity is no post")
    kind = next((name for name in names if name in SHOWN_TYPES), None)
    if kind is None:
        raise _refused(f"nothing {f'of type {names[0][:80]}' if names else 'without a type'} is shown")
    return kind


def _own_id(document: JsonObject, author: str) -> str:
    """The address of the Note. What names nobody as its author is the sender's, as its address must be.

    Raises: Refusal.
    """
    try:
        note_id = parse_iri(document.get("id"))
    except InvalidIri as error:
        raise _refused(f"id: {error}") from None
    if not same_origin(note_id, author):
        raise _refused("its address is not on its author's origin")
    named = [iri_of(item) for item in as_list(document.get("attributedTo"))]
    if named and parse_iri(author) not in named:
        raise _refused("it is attributed to somebody else")
    return note_id


def _followers_in(named: Collection[str], author: str) -> str:
    """The author's followers collection by its looks, where the author's document is not at hand.

    Nobody's words become public by it: it only tells followers-only from direct.
    """
    own = [name for name in named if same_origin(name, author) and name != author]
    return next((name for name in own if name.rstrip("/").endswith("/followers")), "")


# --- what it says ----------------------------------------------------------------------------------------


def _text(document: JsonObject, kind: str) -> tuple[str, str, str]:
    """Content as clean HTML, the content warning in plain words, and the language."""
    raw, language = map_of(document, "content")
    summary, summary_language = map_of(document, "summary")
    content = _html(raw, document)
    warns = kind in _TALK or document.get("sensitive") is True
    if not warns:
        content = content or _html(summary, {})
    for more in (_event_words(document) if kind == "Event" else "", _options(document)):
        content += more
    warning = words(summary, NAME_CHARS) if warns else ""
    return content, warning, language or summary_language or _named_language(document)


def _named_language(document: JsonObject) -> str:
    """The language as Lemmy and PeerTube name it, in a member of its own."""
    named = document.get("language")
    tag = named.get("identifier") if isinstance(named, dict) else None
    return tag if isinstance(tag, str) and is_language(tag) and tag != "und" else ""


def _html(text: str, document: JsonObject) -> str:
    """Clean HTML, "" where not a word is left."""
    is_plain = media_type_of(document) in _PLAIN
    cleaned = clean_html(html_of(text.replace("\r\n", "\n")) if is_plain else text).strip()
    return cleaned if has_words(cleaned) else ""


def _is_sensitive(document: JsonObject) -> bool:
    """Whether it, or a picture beside it, asks not to be shown at once."""
    parts = [document, *as_list(document.get("attachment"))]
    return any(isinstance(part, dict) and part.get("sensitive") is True for part in parts)


def _options(document: JsonObject) -> str:
    """What a poll offers to choose from, as a list of words."""
    offered = as_list(document.get("oneOf")) or as_list(document.get("anyOf"))
    names = [words(map_of(item, "name")[0], NAME_CHARS) for item in offered if isinstance(item, dict)]
    items = "".join(f"<li>{html_of(name)[3:-4]}</li>" for name in names[:MAX_OPTIONS] if name)
    return f"<ul>{items}</ul>" if items else ""


def _event_words(document: JsonObject) -> str:
    """When and where, since that is what an event is."""
    times = [time_of(document.get(name)) for name in ("startTime", "endTime")]
    span = " – ".join(f"{at:%Y-%m-%d %H:%M} UTC" for at in times if at is not None)
    places = (item for item in as_list(document.get("location")) if isinstance(item, dict))
    place = next((name for item in places if (name := words(item.get("name"), NAME_CHARS))), "")
    return "".join(html_of(part) for part in (span, place) if part)


# --- what it refers to -----------------------------------------------------------------------------------


def _page(value: JsonValue, author: str) -> str:
    """The page for people: the first that is one and lies with the author, HTML before the rest."""
    own = [(kind, found) for found, kind, _ in links(value) if is_neighbour(found, author)]
    pages = [found for kind, found in own if kind in ("", "text/html")]
    return next(iter(pages), "")


def _context(document: JsonObject) -> str:
    """The thread that it says it belongs to: an address, or the tag by which older servers name it."""
    found = first_address(document.get("context"))
    return found or line(document.get("conversation") or document.get("context"), CONTEXT_CHARS)


def _quoted(document: JsonObject) -> str:
    for name in _QUOTE_MEMBERS:
        if found := first_address(document.get(name)):
            return found
    for tag in as_list(document.get("tag"))[:MAX_TAGS]:
        if isinstance(tag, dict) and "Link" in bare_types(tag) and _is_document(tag):
            return iri_of(tag.get("href"))
    return ""


def _is_document(link: JsonObject) -> bool:
    """FEP-e232: a link to an object, by the media type of objects."""
    kind = link.get("mediaType")
    return isinstance(kind, str) and (
        media_type_of(link) == "application/activity+json" or (LD_JSON in kind and AS_NAMESPACE[:-1] in kind)
    )


def _tags(document: JsonObject) -> tuple[tuple[Mention, ...], tuple[str, ...]]:
    """Who is mentioned, and the hashtags, each once; emoji and whatever else is a tag carry no words."""
    mentions: dict[str, Mention] = {}
    hashtags: dict[str, str] = {}
    for tag in as_list(document.get("tag"))[:MAX_TAGS]:
        if not isinstance(tag, dict):
            continue
        kinds, name = bare_types(tag), line(tag.get("name"), TAG_CHARS)
        if "Mention" in kinds and (actor := iri_of(tag.get("href"))):
            mentions.setdefault(actor, Mention(actor, name))
        elif "Hashtag" in kinds and (bare := name.lstrip("#＃").strip()):
            hashtags.setdefault(bare.casefold(), bare)
    return tuple(mentions.values()), tuple(hashtags.values())
