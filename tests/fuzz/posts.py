"""Targets: posts of other people's servers, made worse, and the HTML in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from federation.errors import InvalidIri, InvalidJson
from federation.ids import parse_iri, same_origin
from federation.messages import JsonObject
from federation.strictjson import parse_json
from federation.vocab import PUBLIC
from node.domain.errors import Reason, Refusal
from node.domain.notes import Note
from node.wire.fediverse import is_vote, parse_note
from node.wire.html import clean_html, plain_text
from tests.fuzz.mutation import mutate_json, mutate_text
from tests.fuzz.targets import Finding, Target, plain

__all__ = ["POSTS"]

INTEROP = Path(__file__).parents[1] / "interop"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MOST_BYTES = 256 * 1024
MOST_CONTENT = 110_000
"""Twenty thousand characters, each escaped, and the options of a poll."""
HTML_TOKENS = (
    "<h1>", "</h2>", "<div>", "</div>", "<img src=https://m.example/1.png alt=x>", "<img src='", '<img alt="',
    "<s>", "<table><tr><td>", "</td>", "<hr>", "<svg><style>", "<math><mtext>", "</math>",
    "<script>", "</script>",
    "<a href='https://m.example/'>", "<a href='javascript:x'>", "<a href='https://a.example@b.example/'>",
    "</a>",
    "<p>", "</p>", "<b>", "</b>", "<ul><li>", "<blockquote>", "<video src=https://m.example/1.mp4>", "<!--",
    "-->",
    "<![CDATA[", "]]>", "&#xd;", "&lt;script&gt;", "&", "<", ">", '"', "'", "\u202e", "\u200b", "\x00",
    "<template>",
    "<noscript>", "<iframe src=//m.example>", "<form action=/x>", "<button>", "<textarea>", "<select>",
    "<title>",
)  # fmt: skip


@cache
def posts() -> tuple[JsonObject, ...]:
    """What is good before it is made worse: the posts that other makes of server send."""
    found = []
    for path in sorted((*INTEROP.glob("composed/*/*.json"), *INTEROP.glob("captured/*/*.json"))):
        told = json.loads(path.read_bytes()).get("object")
        if isinstance(told, dict) and "attributedTo" in told:
            found.append(told)
    return tuple(found)


def expect(holds: bool, words: str) -> None:
    if not holds:
        raise Finding(words)


def make_post(rng: Random) -> bytes:
    changed: Any = mutate_json(rng.choice(posts()), rng, donors=posts(), keep=0.0, most=6)
    if isinstance(changed, dict) and rng.random() < 0.3:
        changed["content"] = _html(rng)
    if isinstance(changed, dict) and rng.random() < 0.2:
        name = rng.choice(("tag", "attachment", "to", "cc", "oneOf", "url", "inReplyTo", "quote"))
        changed[name] = [changed.get(name)] * rng.randint(2, 600)
    return json.dumps(changed, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")[:MOST_BYTES]


def _html(rng: Random) -> str:
    parts = [rng.choice(HTML_TOKENS) for _ in range(rng.randint(1, 30))]
    if rng.random() < 0.3:
        parts *= rng.randint(2, 2_000)
    return mutate_text("".join(parts)[:MOST_BYTES], rng)


def judge_post(data: bytes) -> None:
    try:
        document = parse_json(data)
    except InvalidJson:
        return
    if not isinstance(document, dict):
        return
    is_vote(document)
    for author in ("https://mastodon.example/users/bob", _author(document)):
        try:
            note = parse_note(document, author=author, received_at=NOW)
        except Refusal as refused:
            expect(refused.reason is Reason.MALFORMED, f"refused as {refused.reason}")
            expect(len(refused.detail) < 400, "a reason that is no reason")
            continue
        _judge_whose(note, author)
        _judge_bounds(note)
        judge_html(note.content)


def _author(document: JsonObject) -> str:
    named = document.get("attributedTo")
    named = named[0] if isinstance(named, list) and named else named
    named = named.get("id") if isinstance(named, dict) else named
    try:
        return parse_iri(named)
    except InvalidIri:
        return "https://m.example/users/nobody"


def _judge_whose(note: Note, author: str) -> None:
    expect(note.author == author, "somebody else's")
    expect(same_origin(note.id, author), "an address on another origin")
    expect(parse_iri(note.url) == note.url, "a page that is none")
    expect(note.visibility.is_open == (PUBLIC in (*note.to, *note.cc)), "open to others than it was sent to")
    expect(note.published_at <= NOW, "from the future")
    for address in (note.in_reply_to, note.quoted, *(one.actor for one in note.mentions)):
        expect(address == "" or parse_iri(address) == address, f"{address} is no address")
    for file in note.attachments:
        expect(parse_iri(file.url) == file.url, f"{file.url} is no address")


def _judge_bounds(note: Note) -> None:
    lengths = {
        "to": len(note.to) <= 500,
        "cc": len(note.cc) <= 500,
        "mentions": len(note.mentions) <= 100,
        "hashtags": len(note.hashtags) <= 100 and all(0 < len(tag) <= 100 for tag in note.hashtags),
        "attachments": len(note.attachments) <= 16 and all(len(one.alt) <= 2_000 for one in note.attachments),
        "names": all(len(one.handle) <= 100 for one in note.mentions),
        "title": len(note.title) <= 500 and "\n" not in note.title,
        "summary": len(note.summary) <= 500 and "\n" not in note.summary,
        "context": len(note.context) <= 2_048,
        "language": len(note.language) <= 50,
        "content": len(note.content) <= MOST_CONTENT,
    }
    expect(all(lengths.values()), f"too much: {[name for name, holds in lengths.items() if not holds]}")


def make_html(rng: Random) -> bytes:
    return _html(rng).encode("utf-8", "surrogatepass")


def judge_html(markup: str) -> None:
    cleaned = clean_html(markup)
    depth = 0
    for part in cleaned.split("<")[1:]:
        name = part.removeprefix("/").split(">", 1)[0].split(" ", 1)[0]
        expect(name in SHOWN_TAGS, f"<{name}> stays")
        depth += 0 if name == "br" else -1 if part.startswith("/") else 1
        expect(0 <= depth <= 64, f"nested {depth} deep")
        attributes = part.split(">", 1)[0].partition(" ")[2]
        expect(" on" not in f" {attributes.split('href=')[0]}", "something that runs")
        expect("src=" not in attributes.split("href=")[0], "something that loads")
        if "href=" in attributes:
            href = attributes.split('href="')[1]
            expect(href.lower().lstrip().startswith(("http:", "https:", "mailto:")), f"leads to {href[:80]}")
    if len(cleaned) < 20_000:
        expect(clean_html(cleaned) == cleaned, "cleaning twice changes more")
    plain_text(markup)


def _judge_html(data: bytes) -> None:
    judge_html(data.decode("utf-8", "replace"))


SHOWN_TAGS = {
    "p", "span", "br", "a", "del", "pre", "code", "em", "strong", "b", "i", "u", "ul", "ol", "li",
    "blockquote",
}  # fmt: skip
"""Said here once more: a list that came from what is judged could be widened, and nothing would fail."""
POSTS: tuple[Target, ...] = (
    plain("post", make_post, judge_post, share=2),
    plain("html", make_html, _judge_html, share=2),
)
