"""Acceptances as each make of server puts them around the words that a person typed, and what is none.

Composed after what the named source files of each make write; what three real servers sent is held by
`test_captured_servers`. Nothing of theirs is here but the form of their messages.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from federation.messages import JsonObject, JsonValue
from node.domain.plain_quotes import Act, Word, read_word
from node.wire.fediverse import parse_note
from node.wire.html import plain_text
from node.wire.plainly import plain_words

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AUTHOR, SHOP, PAGE = "https://m.example/users/ada", "https://v.example/actors/shop", "https://v.example/@shop"
HANDLE, POST, SAYS = "@shop@v.example", "https://v.example/posts/7", "accept K7QM-2F3D"
NAMES = {"@shop", HANDLE}
MENTION: JsonObject = {"type": "Mention", "href": SHOP, "name": HANDLE}
HCARD = f'<span class="h-card"><a href="{PAGE}" class="u-url mention">@<span>shop</span></a></span>'
SAFE_HCARD = HCARD.replace('class="h-card"', 'class="h-card" translate="no"')
AKKOMA_HCARD = (
    f'<span class="h-card"><a class="u-url mention" data-user="AbCdEf" href="{PAGE}" rel="ugc">'
    "@<span>shop</span></a></span>"
)
REL = 'rel="nofollow noreferrer noopener" target="_blank"'
AT = "@<span>shop</span>"
COLLECTION: JsonObject = {"id": f"{AUTHOR}/replies", "type": "Collection", "totalItems": 0}


def both(content: str, language: str = "en") -> JsonObject:
    return {"content": content, "contentMap": {language: content}}


TYPED: dict[str, JsonObject] = {
    # mastodon/mastodon app/lib/text_formatter.rb, app/serializers/activitypub/note_serializer.rb
    "mastodon": {
        **both(f"<p>{HCARD} {SAYS}</p>"),
        "summary": None,
        "inReplyTo": POST,
        "sensitive": False,
        "attachment": [],
        "tag": [MENTION],
        "replies": COLLECTION,
        "interactionPolicy": {"canQuote": {"automaticApproval": [AUTHOR]}},
    },
    "mastodon 4.3": {
        **both(f"<p>{SAFE_HCARD} {SAYS}</p>"),
        "summary": None,
        "attachment": [],
        "tag": [MENTION],
    },
    "mastodon, in lines": {**both(f"<p>{SAFE_HCARD}<br />{SAYS}</p>"), "tag": [MENTION]},
    "mastodon, no language": {"content": f"<p>{HCARD}</p><p>{SAYS}</p>", "tag": [MENTION]},
    # misskey-dev/misskey packages/backend/src/core/MfmService.ts, activitypub/ApRendererService.ts
    "misskey": {
        "content": f'<a href="{PAGE}" class="u-url mention">{HANDLE}</a> {SAYS}',
        "_misskey_content": f"{HANDLE} {SAYS}",
        "_misskey_summary": None,
        "summary": None,
        "source": {"content": f"{HANDLE} {SAYS}", "mediaType": "text/x.misskeymarkdown"},
        "quoteUrl": None,
        "_misskey_quote": None,
        "attachment": [],
        "sensitive": False,
        "tag": [MENTION],
    },
    "misskey, older": {
        "content": f'<p><a href="{PAGE}" class="u-url mention">{HANDLE}</a><span> {SAYS}</span></p>',
        "attachment": [],
        "tag": [MENTION],
    },
    "sharkey, without a mention": {
        "content": f"<p>{SAYS}</p>",
        "quoteUri": None,
        "tag": [],
        "inReplyTo": POST,
    },
    # kaido2ki/Iceshrimp.NET Core/Helpers/LibMfm/Conversion/MfmConverter.cs,
    # Core/Federation/ActivityPub/NoteRenderer.cs
    "iceshrimp": {
        "content": f'<p><span class="h-card" translate="no"><a class="u-url mention" href="{PAGE}">'
        f"<span>@shop</span></a></span><span> {SAYS}</span></p>",
        "_misskey_content": f"{HANDLE} {SAYS}",
        "source": {"content": f"{HANDLE} {SAYS}", "mediaType": "text/x.misskeymarkdown"},
        "htmlMfm": True,
        "tag": MENTION,
    },
    # external-mirrors/akkoma lib/pleroma/formatter.ex; Pleroma has the same
    "akkoma": {
        **both(f"{AKKOMA_HCARD} {SAYS}"),
        "source": {"content": f"{HANDLE} {SAYS}", "mediaType": "text/plain"},
        "summary": "",
        "quoteUri": None,
        "attachment": [],
        "tag": [MENTION],
    },
    "pleroma, markdown": {
        "content": f"<p>{AKKOMA_HCARD} {SAYS}</p>",
        "source": {"content": f"{HANDLE} {SAYS}", "mediaType": "text/markdown"},
        "summary": "",
        "tag": [MENTION],
    },
    # external-mirrors/mitra src/activitypub/builders/note.rs
    "mitra": {
        "content": f'<p><span class="h-card"><a class="u-url mention" href="{SHOP}">@shop</a></span>'
        f" {SAYS}</p>",
        "replies": f"{AUTHOR}/replies",
        "sensitive": False,
        "tag": [MENTION],
    },
    # friendica/friendica src/Protocol/ActivityPub/Transmitter.php (createNote), src/Content/Text/BBCode.php
    "friendica": {
        "content": f"{HCARD} {SAYS}",
        "contentMap": {
            "en": f'<bdi>@<a href="{PAGE}" class="userinfo mention" title="shop">shop</a></bdi> {SAYS}'
        },
        "source": {"content": f"@[url={PAGE}]shop[/url] {SAYS}", "mediaType": "text/bbcode"},
        "inReplyTo": None,
        "attachment": [],
        "tag": [MENTION],
        "generator": {"type": "Application", "name": "Friendica"},
    },
    "friendica, which names whom it answers": {
        "content": f"{HCARD} {SAYS}",
        "contentMap": {"de": SAYS},
        "inReplyTo": POST,
        "attachment": [],
        "tag": [MENTION],
    },
    # the same, createActivityFromMail: a mention that has no name
    "friendica, mail": {
        "content": SAYS,
        "source": {"content": SAYS, "mediaType": "text/bbcode"},
        "attachment": [],
        "tag": [{"type": "Mention", "href": SHOP, "name": ""}],
    },
    # pixelfed/pixelfed app/Http/Controllers/DirectMessageController.php (remoteDeliver)
    "pixelfed": {
        "summary": None,
        "content": SAYS,
        "inReplyTo": None,
        "cc": [],
        "sensitive": False,
        "attachment": [],
        "tag": [MENTION],
    },
    # superseriousbusiness/gotosocial internal/text; see also what it really sent
    "gotosocial, markdown": {
        **both(
            f'<p><span class="h-card"><a href="{PAGE}" class="u-url mention" {REL}>{AT}</a></span> {SAYS}</p>'
        ),
        "summary": "",
        "attachment": [],
        "tag": MENTION,
    },
    # external-mirrors/snac2 activitypub.c; see also what it really sent
    "snac": {
        "summary": "",
        "content": f'<span class="h-card"><a href="{PAGE}" class="u-url mention">{HANDLE}</a></span>'
        f" {SAYS}<br>",
        "sourceContent": f"{HANDLE} {SAYS}",
        "tag": [MENTION],
    },
    # jointakahe/takahe activities/models/post.py, core/html.py; see also what it really sent
    "takahe": {
        "content": f'<p><span class="h-card"><a href="{PAGE}" class="u-url mention" {REL}>{AT}</a></span>'
        f" {SAYS}</p>",
        "sensitive": False,
        "tag": MENTION,
    },
    # HomeLabHD/hubzilla-core Zotlabs/Lib/Activity.php (encode_item), include/bbcode.php
    "hubzilla": {
        "content": SAYS,
        "source": {"content": SAYS, "mediaType": "text/bbcode"},
        "actor": AUTHOR,
        "directMessage": True,
        "commentPolicy": "",
        "context": f"{AUTHOR}/conversation/1",
        "contextHistory": f"{AUTHOR}/conversation/1",
        "diaspora:guid": "c1a0e6c2-5d7b-4d58-a2d6-0c9a7c3b7f10",
        "generator": {"type": "Application", "name": "hubzilla"},
    },
    "hubzilla, set apart": {"content": f"<bdi>{SAYS}</bdi>"},
    # Automattic/wordpress-activitypub includes/class-mention.php, includes/transformer/class-comment.php
    "wordpress": {
        **both(
            f'<p><a rel="mention" class="u-url mention" href="{PAGE}">@<span>shop</span></a> {SAYS}</p>', "de"
        ),
        "tag": [MENTION],
        "inReplyTo": POST,
    },
    # Chocobozzz/PeerTube server/core/models/video/video-comment.ts
    "peertube": {
        "content": f"{HANDLE} {SAYS}",
        "mediaType": "text/markdown",
        "inReplyTo": POST,
        "replyApproval": None,
        "tag": [MENTION],
    },
    # LemmyNet/lemmy crates/apub/objects/src/protocol/private_message.rs, crates/utils/src/utils/markdown
    "lemmy": {
        "content": f"<p>{SAYS}</p>\n",
        "mediaType": "text/html",
        "source": {"content": SAYS, "mediaType": "text/markdown"},
    },
    "lemmy, with a mention": {
        "content": f'<p><a href="/u/shop@v.example" rel="nofollow" class="u-url mention">{HANDLE}</a>'
        f" {SAYS}</p>\n",
        "mediaType": "text/html",
    },
}


def note(shape: JsonObject) -> JsonObject:
    return {
        "id": f"{AUTHOR}/1",
        "type": "Note",
        "attributedTo": AUTHOR,
        "to": [SHOP],
        "published": "2026-11-22T11:00:00Z",
        "url": f"{AUTHOR}/1",
        **shape,
    }


def taken(shape: JsonObject) -> Word | None:
    """What the node takes for said: the words of all there is, and they are those that are shown."""
    document = note(shape)
    plain = plain_words(document)
    shown = plain_text(parse_note(document, author=AUTHOR, received_at=NOW).content)
    return read_word(shown, NAMES) if plain is not None and plain.split() == shown.split() else None


@pytest.mark.parametrize("make", TYPED)
def test_what_a_person_typed_is_taken_from_every_make_of_server(make: str) -> None:
    assert taken(TYPED[make]) == Word(Act.ACCEPT, "K7QM-2F3D")


def more(make: str) -> dict[str, JsonObject]:
    """The same by the same make, with something beside the words."""
    shape = TYPED[make]
    content = str(shape["content"])
    mapped = shape.get("contentMap")
    tags = shape.get("tag") or []
    tags = tags if isinstance(tags, list) else [tags]
    poll: list[JsonValue] = [{"type": "Note", "name": "Yes"}, {"type": "Note", "name": "No"}]
    reworded = {"content": content.replace(SAYS, f"{SAYS} please")}
    told: dict[str, JsonObject] = {
        "a warning": {"summary": "only joking"},
        "a warning in a language": {"summaryMap": {"en": "only joking"}},
        "a title": {"name": "What I would never say"},
        "a picture": {
            "attachment": [{"type": "Document", "mediaType": "image/png", "url": f"{AUTHOR}/1.png"}]
        },
        "a link": {"attachment": [{"type": "Link", "href": f"{AUTHOR}/page"}]},
        "a quote": {"quote": f"{AUTHOR}/9"},
        "a quote, as misskey says": {"_misskey_quote": f"{AUTHOR}/9", "quoteUrl": f"{AUTHOR}/9"},
        "a quote, as fedibird says": {"quoteUri": f"{AUTHOR}/9"},
        "a quote by a tag": {"tag": [*tags, {"type": "Link", "href": f"{AUTHOR}/9", "name": "RE: it"}]},
        "a poll": {"oneOf": poll},
        "a poll of many": {"anyOf": poll},
        "one word more": reworded,
        "one word before": {"content": content.replace(SAYS, f"never {SAYS}")},
        "another language that says more": {"contentMap": {"en": content, "de": f"{content} nicht"}},
        "another language that says less": {"contentMap": {"en": content, "de": ""}},
        "another language that names more": {"contentMap": {"en": f"@all {content}"}},
        "something hidden": {"content": content.replace(SAYS, f'<span class="invisible">not </span>{SAYS}')},
        "something struck out": {"content": content.replace(SAYS, f"<del>{SAYS}</del>")},
        "code": {"content": content.replace(SAYS, f"<code>{SAYS}</code>")},
        "somebody's words": {"content": content.replace(SAYS, f"<blockquote>{SAYS}</blockquote>")},
        "a style": {"content": content.replace(SAYS, f'<span style="display:none">{SAYS}</span>')},
        "a comment": {"content": content.replace(SAYS, f"{SAYS}<!-- not -->")},
        "a picture between": {
            "content": content.replace(SAYS, f'<img src="{AUTHOR}/1.png" alt="not">{SAYS}')
        },
        "a line of a list": {"content": content.replace(SAYS, f"<ul><li>{SAYS}</li></ul>")},
        "a reading beside it": {"content": content.replace(SAYS, f"<ruby>{SAYS}<rt>not</rt></ruby>")},
    }
    return {
        what: {
            **shape,
            **({"contentMap": {"en": changes["content"]}} if mapped and "content" in changes else {}),
            **changes,
        }
        for what, changes in told.items()
    }


@pytest.mark.parametrize("make", TYPED)
def test_what_says_more_than_the_words_is_taken_from_none(make: str) -> None:
    taken_though = [what for what, shape in more(make).items() if taken(shape) is not None]
    assert taken_though == []


def test_a_person_is_named_anywhere_and_by_whole_names_only() -> None:
    assert taken({"content": f"{SAYS} {HANDLE}"}) is not None
    assert taken({"content": f"@nothing {SAYS}"}) is None


def test_a_text_in_a_language_may_name_fewer_people_and_nothing_else_less() -> None:
    assert taken({"content": f"@shop {HANDLE} {SAYS}", "contentMap": {"de": f"{HANDLE} {SAYS}"}}) is not None
    assert taken({"content": f"@shop {SAYS}", "contentMap": {"de": "K7QM-2F3D"}}) is None
    assert taken({"content": f"@shop {SAYS}", "contentMap": {"de": "nein danke"}}) is None
    assert taken({"content": f"{SAYS} @shop", "contentMap": {"de": SAYS}}) is None


def test_what_stands_in_languages_only_says_the_same_in_each() -> None:
    assert plain_words({"contentMap": {"en": f"<p>{SAYS}</p>", "de": f"<p><b>{SAYS}</b></p>"}}) is not None
    assert plain_words({"contentMap": {"en": SAYS, "de": "nein"}}) is None


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"content": 7},
        {"content": None, "contentMap": {}},
        {"content": SAYS, "contentMap": [SAYS]},
        {"content": SAYS, "contentMap": {"en": [SAYS]}},
        {"content": SAYS, "contentMap": {f"x-{number}": SAYS + " " for number in range(21)}},
        {"content": SAYS + " " * 2_000},
        {"content": "<b></b>" * 26 + SAYS},
    ],
)
def test_what_is_no_text_or_too_much_of_it_says_nothing(shape: JsonObject) -> None:
    assert plain_words(shape) is None


def test_as_many_languages_as_servers_write_are_read() -> None:
    assert (
        plain_words({"content": SAYS, "contentMap": {f"x-{number}": SAYS + " " for number in range(20)}})
        == SAYS
    )


def test_a_moment_between_two_times_of_one_message_is_no_edit() -> None:
    """PeerTube tells a time of edit with what is new."""
    document = {**note(TYPED["peertube"]), "updated": "2026-11-22T11:00:00.004Z"}
    read = parse_note(document, author=AUTHOR, received_at=NOW)
    assert read.updated_at == read.published_at
