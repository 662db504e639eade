"""Other people's Notes: every shape that is met comes out as one value, and nobody speaks for another."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.vocab import PUBLIC
from node.domain.errors import Reason, Refusal
from node.domain.notes import Attachment, Mention, Note, Visibility
from node.wire.fediverse import is_vote, parse_note, visibility_of

BOB = "https://m.example/users/bob"
FOLLOWERS = f"{BOB}/followers"
SHOP = "https://v.example/actors/shop"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PAGE = "https://m.example/@bob/1"


def a_note(**changes: Any) -> dict[str, Any]:
    return {
        "id": f"{BOB}/statuses/1",
        "type": "Note",
        "attributedTo": BOB,
        "to": [PUBLIC],
        "cc": [FOLLOWERS],
        "published": "2026-11-22T11:00:00Z",
        "content": "<p>Hello</p>",
        **changes,
    }


def read(*, followers: str = "", **changes: Any) -> Note:
    return parse_note(a_note(**changes), author=BOB, received_at=NOW, followers=followers)


# --- whose it is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"attributedTo": "https://m.example/users/eve"}, "somebody else"),
        ({"attributedTo": ["https://m.example/users/eve", {"type": "Group"}]}, "somebody else"),
        ({"attributedTo": {"type": "Person", "name": "Bob"}}, "somebody else"),
        ({"id": "https://bank.example/statuses/1"}, "origin"),
        ({"id": "http://m.example/users/bob/statuses/1"}, "origin"),
        ({"id": None}, "id"),
        ({"id": "tag:m.example,2026:1"}, "id"),
        ({"type": None}, "type"),
        ({"type": "Tombstone"}, "type"),
        ({"type": "Place"}, "type"),
        ({"type": ["Note", "Person"]}, "no post"),
        ({"type": ["Note", "Delete"]}, "no post"),
        ({"content": " ", "summary": None}, "nothing in it"),
        ({"content": "<p></p><p> </p>"}, "nothing in it"),
        ({"content": {"html": "<p>x</p>"}}, "nothing in it"),
    ],
)
def test_what_is_nobodys_somebody_elses_or_nothing_is_not_read(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Refusal, match=why) as refused:
        read(**changes)
    assert refused.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    "named",
    [
        None,
        BOB,
        "https://M.example:443/users/bob",
        [BOB],
        {"type": "Person", "id": BOB, "name": "The Bank"},
        [{"type": "Person", "id": BOB}, {"type": "Group", "id": "https://m.example/c/films"}],
    ],
)
def test_author_may_be_named_in_every_shape_but_is_always_who_sent_it(named: Any) -> None:
    assert read(attributedTo=named).author == BOB


@pytest.mark.parametrize(
    "kind", ["Note", ["Note"], ["Note", "Article"], ["schema:Review", "Note"], "as:Note"]
)
def test_a_type_may_be_one_of_several(kind: Any) -> None:
    assert read(type=kind).content == "<p>Hello</p>"


# --- to whom ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [PUBLIC, "as:Public", "Public"])
@pytest.mark.parametrize("shape", [lambda name: name, lambda name: [name], lambda name: [{"id": name}]])
def test_the_public_is_known_in_every_spelling_and_shape(public: str, shape: Any) -> None:
    assert read(to=shape(public), cc=None).visibility is Visibility.PUBLIC
    assert read(to=[FOLLOWERS], cc=shape(public)).visibility is Visibility.UNLISTED
    assert read(to=shape(public)).to == (PUBLIC,)


def test_followers_are_known_by_their_id_and_else_by_its_looks() -> None:
    assert read(to=[FOLLOWERS], cc=[]).visibility is Visibility.FOLLOWERS
    odd = "https://m.example/collections/77"
    assert read(to=odd, cc=[SHOP]).visibility is Visibility.DIRECT
    assert read(to=odd, cc=[SHOP], followers=odd).visibility is Visibility.FOLLOWERS


def test_somebody_elses_followers_are_not_the_authors() -> None:
    assert read(to=["https://t.example/users/tess/followers"], cc=[]).visibility is Visibility.DIRECT


def test_whoever_is_named_alone_is_written_to_directly() -> None:
    note = read(to=SHOP, cc=None, tag={"type": "Mention", "href": SHOP, "name": "@shop@v.example"})
    assert note.visibility is Visibility.DIRECT
    assert note.names(SHOP)
    assert not note.names(BOB)
    assert visibility_of((), (), "") is Visibility.DIRECT


def test_addresses_that_are_none_are_left_out_and_twins_counted_once() -> None:
    note = read(to=[SHOP, "https://V.example/actors/shop", "", 7, None, {"name": "x"}, "mailto:a@b.example"])
    assert note.to == (SHOP,)


def test_more_addresses_than_anybody_reads_are_cut() -> None:
    note = read(to=[f"https://v.example/u/{n}" for n in range(2_000)])
    assert len(note.to) == 500


# --- what it says ----------------------------------------------------------------------------------------


def test_content_comes_out_clean() -> None:
    content = '<h2>Hi</h2><script>x()</script><p onclick="x()">there <a href="javascript:x()">x</a></p>'
    said = read(content=content).content
    assert said == '<p><strong>Hi</strong></p><p>there <a rel="nofollow noopener">x</a></p>'


def test_too_long_words_are_cut_and_not_refused() -> None:
    assert len(read(content="x" * 100_000).content) == 20_000
    assert len(read(summary="x" * 100_000).summary) == 500


@pytest.mark.parametrize(
    ("changes", "content", "language"),
    [
        ({"contentMap": {"en": "<p>Hello</p>"}}, "<p>Hello</p>", "en"),
        ({"contentMap": {"de": "<p>Hallo</p>", "en": "<p>Hello</p>"}}, "<p>Hello</p>", "en"),
        ({"contentMap": {"de": "<p>Hallo</p>"}}, "<p>Hello</p>", ""),
        ({"content": None, "contentMap": {"de": "<p>Hallo</p>", "en": "<p>Hello</p>"}}, "<p>Hallo</p>", "de"),
        ({"content": None, "contentMap": {"not a tag": "x", "pt-BR": "<p>Oi</p>"}}, "<p>Oi</p>", "pt-BR"),
        ({"contentMap": {"und": "<p>Hello</p>"}}, "<p>Hello</p>", ""),
        ({"contentMap": "de"}, "<p>Hello</p>", ""),
        ({"language": {"identifier": "ko", "name": "한국어"}}, "<p>Hello</p>", "ko"),
        ({"language": {"identifier": "und"}}, "<p>Hello</p>", ""),
        ({"language": "ko"}, "<p>Hello</p>", ""),
        ({"content": "1 < 2\n\n**so**", "mediaType": "text/markdown"}, "<p>1 &lt; 2</p><p>**so**</p>", ""),
        ({"content": "<p>x</p>", "mediaType": "text/html; charset=utf-8"}, "<p>x</p>", ""),
    ],
)
def test_words_are_found_with_their_language(changes: Any, content: str, language: str) -> None:
    note = read(**changes)
    assert (note.content, note.language) == (content, language)


def test_a_warning_is_plain_words_on_one_line() -> None:
    note = read(summary="<p>Spiders <b>and</b>\nbugs</p>", sensitive=True)
    assert (note.summary, note.is_sensitive) == ("Spiders and bugs", True)
    assert read(summaryMap={"de": "Spinnen"}).summary == "Spinnen"


def test_sensitive_is_true_and_nothing_like_it() -> None:
    assert not read(sensitive="true").is_sensitive
    assert not read(sensitive=1).is_sensitive
    assert not read(attachment=[None, {"type": "Image", "url": IMAGE, "sensitive": "yes"}]).is_sensitive


def test_one_sensitive_picture_makes_all_of_it_sensitive() -> None:
    pictures = [{"type": "Image", "url": IMAGE}, {"type": "Image", "url": BARE, "sensitive": True}]
    assert read(attachment=pictures).is_sensitive


def test_a_time_that_is_missing_wrong_or_to_come_is_the_time_of_receipt() -> None:
    for told in (None, "yesterday", 1_700_000_000, ["x"], "2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"):
        assert read(published=told).published_at == NOW
    assert read(published="2026-11-22T12:30:00.250+02:00").published_at == NOW - timedelta(minutes=90)


def test_a_time_without_a_zone_or_with_two_is_still_one() -> None:
    assert read(published="2026-11-22T10:00:00.123456").published_at == NOW - timedelta(hours=2)
    assert read(published="2026-11-22T12:00:00+02:00Z").published_at == NOW - timedelta(hours=2)
    assert read(published="2026-11-22T10:00:00+0000").published_at == NOW - timedelta(hours=2)


def test_an_edit_says_when() -> None:
    assert read(updated="2026-11-22T11:30:00Z").updated_at == NOW - timedelta(minutes=30)
    assert read(updated="soon").updated_at is None


# --- what is more than a Note ----------------------------------------------------------------------------


def test_an_article_has_a_title_and_its_page() -> None:
    note = read(
        type="Article", name="A <i>title</i>", summary="In short", content="<p>At length</p>", url=PAGE
    )
    assert (note.title, note.content, note.summary, note.url) == ("A title", "<p>At length</p>", "", PAGE)


def test_an_article_without_content_is_what_sums_it_up() -> None:
    note = read(type="Page", name="A title", summary="<p>In short</p>", content=None)
    assert (note.title, note.content, note.summary) == ("A title", "<p>In short</p>", "")
    assert read(type="Page", name="A title", content=None).content == ""


def test_an_article_that_is_sensitive_warns() -> None:
    note = read(type="Article", name="A title", summary="Spiders", sensitive=True)
    assert (note.summary, note.content) == ("Spiders", "<p>Hello</p>")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("How to mend a <chain>", "How to mend a <chain>"),
        ("Cogs & <b>chains</b>", "Cogs & chains"),
        ("It&#8217;s 1 < 2", "It’s 1 < 2"),
        ("<script>alert(1)</script>Chains", "Chains"),
        ("a\n b", "a b"),
    ],
)
def test_a_title_is_read_as_markup_only_where_it_is(name: str, title: str) -> None:
    assert read(type="Video", name=name).title == title


def test_a_name_is_no_title_of_a_note() -> None:
    assert read(name="x").title == ""


def test_a_poll_lists_what_it_offers() -> None:
    options = [
        {"type": "Note", "name": f"<b>{n}</b> & more", "replies": {"totalItems": 1}} for n in range(100)
    ]
    for member in ("oneOf", "anyOf"):
        asked: dict[str, Any] = {"type": "Question", member: options}
        said = read(**asked).content
        assert said.startswith("<p>Hello</p><ul><li>0 &amp; more</li><li>1 &amp; more</li>")
        assert said.count("<li>") == 20
    assert read(type="Question", oneOf={"name": "yes"}).content == "<p>Hello</p><ul><li>yes</li></ul>"
    assert read(type="Question", oneOf=["x", {"type": "Note"}]).content == "<p>Hello</p>"


def test_a_vote_is_no_reply() -> None:
    vote = a_note(content=None, name="Yes", inReplyTo="https://v.example/p/1", to=[SHOP], cc=[])
    del vote["content"]
    assert is_vote(vote)
    with pytest.raises(Refusal, match="vote"):
        parse_note(vote, author=BOB, received_at=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Yes", "inReplyTo": "https://v.example/p/1"},
        {"name": "Yes", "content": None},
        {"content": None, "inReplyTo": "https://v.example/p/1"},
        {"name": "Yes", "content": None, "inReplyTo": "https://v.example/p/1", "type": "Article"},
        {
            "name": "Yes",
            "content": None,
            "inReplyTo": "https://v.example/p/1",
            "attachment": {"type": "Image", "url": "https://m.example/1.png"},
        },
    ],
)
def test_what_says_more_or_answers_nothing_is_no_vote(changes: Any) -> None:
    assert not is_vote(a_note(**changes))


def test_an_event_says_when_and_where() -> None:
    said = read(
        type="Event",
        name="Repair café",
        startTime="2026-12-01T18:00:00+01:00",
        endTime="2026-12-01T20:00:00+01:00",
        location={"type": "Place", "name": "Town <hall>"},
    ).content
    assert said == "<p>Hello</p><p>2026-12-01 17:00 UTC – 2026-12-01 19:00 UTC</p><p>Town &lt;hall&gt;</p>"
    assert read(type="Event", startTime="2026-12-01T18:00:00Z").content.endswith(
        "<p>2026-12-01 18:00 UTC</p>"
    )
    assert read(type="Event", location=["x", {"type": "VirtualLocation"}]).content == "<p>Hello</p>"


# --- where it is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        PAGE,
        [PAGE, "https://m.example/other"],
        {"type": "Link", "href": PAGE},
        {"type": "Link", "mediaType": "text/html", "href": PAGE},
        [{"type": "Link", "mediaType": "video/mp4", "href": "https://m.example/v.mp4"}, {"href": PAGE}],
        ["https://other.example/1", PAGE],
        [{"type": "Link", "mediaType": "magnet", "href": "magnet:?xt=1"}, PAGE],
    ],
)
def test_the_page_is_the_first_that_is_one_and_lies_with_its_author(url: Any) -> None:
    assert read(url=url).url == PAGE


@pytest.mark.parametrize(
    "url", [None, "https://bank.example/", "javascript:x", {"type": "Link"}, 7, "https://example/", []]
)
def test_a_note_without_a_page_of_its_own_is_found_by_its_id(url: Any) -> None:
    assert read(url=url).url == f"{BOB}/statuses/1"


def test_a_page_under_the_same_name_is_the_authors() -> None:
    assert read(url="https://www.m.example/@bob/1").url == "https://www.m.example/@bob/1"
    threads = "https://threads.net/ap/users/1/"
    document = a_note(id=f"{threads}post/2/", attributedTo=threads, url="https://www.threads.net/@bob/post/x")
    note = parse_note(document, author=threads, received_at=NOW)
    assert note.url == "https://www.threads.net/@bob/post/x"


# --- what it refers to -----------------------------------------------------------------------------------

POST = "https://v.example/posts/1"


@pytest.mark.parametrize(
    "shape",
    [POST, [POST, "https://v.example/posts/2"], {"type": "Link", "href": POST}, {"type": "Note", "id": POST},
     [{"type": "Note", "id": POST, "content": "what its author never said"}]],
)  # fmt: skip
def test_what_it_answers_is_an_id_and_nothing_that_is_said_of_it(shape: Any) -> None:
    note = read(inReplyTo=shape)
    assert note.in_reply_to == POST
    assert "never said" not in repr(note)


@pytest.mark.parametrize("shape", [None, "", 7, {"type": "Collection", "items": [POST]}, [None], "tag:x"])
def test_an_answer_to_nothing_that_has_an_address_answers_nothing(shape: Any) -> None:
    assert read(inReplyTo=shape).in_reply_to == ""


@pytest.mark.parametrize("member", ["quote", "quoteUrl", "quoteUri", "_misskey_quote"])
def test_a_quote_is_known_by_each_of_its_names(member: str) -> None:
    for shape in (POST, {"type": "Note", "id": POST, "content": "forged"}):
        quoting: dict[str, Any] = {member: shape}
        assert read(**quoting).quoted == POST


@pytest.mark.parametrize(
    ("media_type", "quoted"),
    [
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', POST),
        ("application/activity+json", POST),
        ("application/ld+json", ""),
        ("text/html", ""),
        (None, ""),
    ],
)
def test_a_link_among_the_tags_quotes_where_it_leads_to_a_document(media_type: Any, quoted: str) -> None:
    assert read(tag=[{"type": "Link", "mediaType": media_type, "href": POST}]).quoted == quoted


def test_a_quote_alone_is_something_to_show() -> None:
    assert read(content="", quote=POST).quoted == POST


def test_its_thread_is_named_by_an_address_or_an_older_tag() -> None:
    tag = "tag:m.example,2026-11-22:objectId=1:objectType=Conversation"
    assert read(context=POST, conversation=tag).context == POST
    assert read(conversation=tag).context == tag
    assert read(context=tag).context == tag
    assert read(context={"type": "Collection"}).context == ""


# --- tags and attachments --------------------------------------------------------------------------------


def test_mentions_and_hashtags_come_out_once_each_and_all_else_is_left() -> None:
    note = read(
        tag=[
            {"type": "Mention", "href": SHOP, "name": "@shop@v.example"},
            {"type": "Mention", "href": SHOP, "name": "@again"},
            {"type": "as:Mention", "href": "https://t.example/u/tess"},
            {"type": "Mention", "name": "@nobody"},
            {"type": "Hashtag", "name": "#Bike"},
            {"type": "Hashtag", "name": "bike"},
            {"type": "as:Hashtag", "name": "＃牛"},
            {"type": "Hashtag", "name": "#"},
            {"type": "Hashtag"},
            {"type": "Emoji", "name": ":cow:", "icon": {"type": "Image", "url": "https://m.example/cow.png"}},
            {"type": "Whatever", "name": "#no"},
            {"name": "#untyped"},
            "https://m.example/tags/x",
            None,
        ]
    )
    assert note.mentions == (Mention(SHOP, "@shop@v.example"), Mention("https://t.example/u/tess", ""))
    assert note.hashtags == ("Bike", "牛")


def test_tags_and_their_names_are_bounded() -> None:
    note = read(tag=[{"type": "Hashtag", "name": f"#{n}" + "x" * 1_000} for n in range(1_000)])
    assert len(note.hashtags) == 100
    assert max(map(len, note.hashtags)) <= 100


IMAGE, BARE = "https://files.example/1.jpg", "https://files.example/1"


@pytest.mark.parametrize(
    ("item", "attachment"),
    [
        (
            {"type": "Document", "mediaType": "image/jpeg", "url": IMAGE, "name": "a cow", "width": 40,
             "height": 30},
            Attachment(IMAGE, "image/jpeg", "a cow", 40, 30),
        ),
        ({"type": "Image", "url": IMAGE, "summary": "a cow"}, Attachment(IMAGE, "image/jpeg", "a cow")),
        (
            {"type": "Image", "url": [{"href": IMAGE, "mediaType": "Image/WebP", "width": 9}]},
            Attachment(IMAGE, "image/webp", "", 9),
        ),
        ({"type": "Image", "url": {"type": "Link", "href": IMAGE}}, Attachment(IMAGE, "image/jpeg")),
        ({"type": "Image", "url": ["data:image/png;base64,AAAA", IMAGE]}, Attachment(IMAGE, "image/jpeg")),
        ({"type": "Image", "url": BARE}, Attachment(BARE, "image/*")),
        ({"type": "Video", "url": BARE}, Attachment(BARE, "video/*")),
        ({"type": "Document", "url": BARE}, Attachment(BARE, "")),
        (
            {"type": "Document", "url": "https://files.example/1.MP3?x=.png"},
            Attachment("https://files.example/1.MP3?x=.png", "audio/mpeg"),
        ),
        ({"type": "Document", "href": IMAGE}, Attachment(IMAGE, "image/jpeg")),
        ({"url": IMAGE}, Attachment(IMAGE, "image/jpeg")),
        ({"type": "Link", "href": "https://funfedi.dev/"}, Attachment("https://funfedi.dev/", "text/html")),
        (
            {"type": "Image", "url": IMAGE, "width": -1, "height": 10**9, "name": "<p>a\ncow</p>"},
            Attachment(IMAGE, "image/jpeg", "a cow"),
        ),
        ({"type": "Image", "url": IMAGE, "width": True, "height": "9"}, Attachment(IMAGE, "image/jpeg")),
    ],
)  # fmt: skip
def test_an_attachment_is_read_in_every_shape(item: Any, attachment: Attachment) -> None:
    assert read(attachment=item).attachments == (attachment,)
    assert read(attachment=[item, item]).attachments == (attachment,)


@pytest.mark.parametrize(
    "item",
    [
        None,
        IMAGE,
        {"type": "Note", "id": "https://bank.example/1", "content": "forged", "url": IMAGE},
        {"@type": "Recipe", "name": "Sandwich"},
        {"type": "Image", "url": "data:image/png;base64,AAAA"},
        {"type": "Image", "url": "javascript:alert(1)"},
        {"type": "Link", "href": "payto://iban/DE75512108001245126199"},
        {"type": "Image", "name": "no address"},
        {"type": "PropertyValue", "name": "x", "value": "y"},
    ],
)
def test_what_is_no_file_is_no_attachment(item: Any) -> None:
    assert read(attachment=[item]).attachments == ()


def test_more_pictures_than_sixteen_are_cut() -> None:
    items = [{"type": "Image", "url": f"https://files.example/{n}.png"} for n in range(50)]
    assert len(read(attachment=items).attachments) == 16


def test_a_picture_alone_is_something_to_show() -> None:
    assert read(content="", attachment={"type": "Image", "url": IMAGE}).attachments


def test_a_film_is_beside_its_page() -> None:
    """As PeerTube says it: pages and files side by side in `url`, words in Markdown."""
    page, film = "https://m.example/w/1", "https://m.example/static/1.mp4"
    note = read(
        type="Video",
        name="A film",
        mediaType="text/markdown",
        content="**Cows**",
        attributedTo=[
            {"type": "Person", "id": BOB},
            {"type": "Group", "id": "https://m.example/video-channels/c"},
        ],
        url=[
            {"type": "Link", "mediaType": "text/html", "href": page},
            {"type": "Link", "mediaType": "video/mp4", "href": film, "width": 1280, "height": 720},
            {
                "type": "Link",
                "mediaType": "application/x-bittorrent;x-scheme-handler/magnet",
                "href": "magnet:?x",
            },
        ],
    )
    assert (note.title, note.url, note.content) == ("A film", page, "<p>**Cows**</p>")
    assert note.attachments == (Attachment(film, "video/mp4", "A film", 1280, 720),)


def test_a_film_that_names_only_its_page_has_no_file() -> None:
    url = {"type": "Link", "mediaType": "text/html", "href": PAGE}
    assert read(type="Video", name="A film", url=url).attachments == ()


@pytest.mark.parametrize("image", [IMAGE, {"type": "Image", "url": IMAGE}, [{"url": IMAGE}, {"url": PAGE}]])
def test_an_article_shows_its_picture(image: Any) -> None:
    assert read(type="Page", name="x", image=image).attachments == (Attachment(IMAGE, "image/jpeg"),)
    assert read(image=image).attachments == ()
    assert read(type="Page", name="x", image="nothing").attachments == ()
    icons = [{"type": "Image", "url": BARE}, {"type": "Image", "url": IMAGE}]
    assert read(type="Video", name="x", icon=icons).attachments == (Attachment(IMAGE, "image/jpeg"),)


# --- whatever comes --------------------------------------------------------------------------------------


def test_policies_and_unknown_members_do_no_harm() -> None:
    policy = {"canQuote": {"automaticApproval": [PUBLIC], "manualApproval": 7}, "canReply": None}
    assert read(interactionPolicy=policy, quoteAuthorization={"id": 7}, whatever=[{}]) == read()


MEMBERS = (
    "to", "cc", "published", "updated", "content", "contentMap", "summary", "summaryMap", "name", "url",
    "tag", "attachment", "inReplyTo", "context", "conversation", "quote", "oneOf", "anyOf", "mediaType",
    "sensitive", "location", "startTime", "image",
)  # fmt: skip
ODD: tuple[Any, ...] = (None, True, 7, -1.5, "", "x", [], {}, [[]], [None, {}], {"type": {}}, {"id": []})


@pytest.mark.parametrize("kind", ["Note", "Question", "Event", "Video"])
@pytest.mark.parametrize("name", MEMBERS)
def test_no_member_can_make_it_stumble(name: str, kind: str) -> None:
    for odd in ODD:
        document = {"name": "x", **a_note(type=kind), name: odd}
        with suppress(Refusal):
            parse_note(document, author=BOB, received_at=NOW)
