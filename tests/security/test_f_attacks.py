"""Group F, tried beyond its cases: words that are no acceptance, and acts in somebody else's name."""

from __future__ import annotations

import copy
from typing import Any

import anyio
import pytest

from federation.keys import generate_ed25519
from federation.messages import JsonObject
from node.domain.notes import Visibility
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.services.plain_quotes import withdraw_quote
from node.store.following import FollowingState
from tests.security.commerce import owner
from tests.security.peers import AS, DATA_INTEGRITY, PUBLIC, Peer, a_note
from tests.security.reading import (
    a_reaction,
    a_share,
    an_undo,
    follow,
    hold,
    post_publicly,
    posted,
    tally,
    timeline,
)
from tests.security.talking import (
    a_delete,
    a_quote_for,
    an_edit,
    another_quote,
    answers_to,
    quote_now,
    said,
    say_to,
    stock,
    threads,
)
from tests.security.world import World

pytestmark = pytest.mark.anyio
RLO = "\u202e"


@pytest.fixture
async def quote(world: World) -> PlainQuote:
    """The shop's quote to tess for its one bicycle, sent and received."""
    return await a_quote_for(world, world.t)


async def assert_open(world: World, quote: PlainQuote) -> None:
    """Nothing was sold."""
    assert (await quote_now(world, quote)).state is QuoteState.OPEN
    assert await stock(world) == ("1", "0")


async def assert_sold_once(world: World, quote: PlainQuote) -> None:
    assert (await quote_now(world, quote)).state is QuoteState.CONCLUDED
    assert await stock(world) == ("0", "0")
    assert len([words for words in answers_to(world.t) if f"cancel {quote.reference}" in words]) == 1


# --- what a person saw, and what is read -------------------------------------------------------------------

SHOWN_OTHERWISE = [
    '<p><a class="u-url mention" href="https://v.example/@shop">I do not</a> accept {}</p>',
    '<p><a class="u-url mention" href="https://v.example/@shop">@shop I do not</a> accept {}</p>',
    '<p><span class="h-card">I do not</span> accept {}</p>',
    '<p><span class="h-card"><a class="mention" href="https://v.example/@">@a</a> never</span> accept {}</p>',
    '<p><span class="mention">I do not</span> accept {}</p>',
    '<p><a class="mention hashtag" href="https://t.example/tags/donot">#donot</a> accept {}</p>',
    '<p><span class="invisible">I do not</span> accept {}</p>',
    '<p>accept {}<span style="display:none"> at half the price</span></p>',
    '<p><img src="https://t.example/no.png" alt="I do not"> accept {}</p>',
    '<p><img src="https://t.example/i-do-not.png"> accept {}</p>',
    '<p><img class="emoji" alt=":no:" src="https://t.example/no.png">accept {}</p>',
    "<p><ruby>accept<rt>I refuse</rt></ruby> {}</p>",
    "<p><noscript>I do not</noscript> accept {}</p>",
    "<p><textarea>I do not</textarea> accept {}</p>",
    "<p><button>I do not</button> accept {}</p>",
    "<p><select><option>I do not</option></select> accept {}</p>",
    "<p><object>I do not</object> accept {}</p>",
    "<p><svg><text>I do not</text></svg> accept {}</p>",
    "<p><math><mtext>I do not</mtext></math> accept {}</p>",
    '<p><input value="I do not"> accept {}</p>',
    '<p><iframe srcdoc="I do not"></iframe> accept {}</p>',
    '<p><video src="https://t.example/no.mp4">I do not</video> accept {}</p>',
    "<p><strike>accept {}</strike></p>",
    '<p><span style="text-decoration:line-through">accept {}</span></p>',
    "<p><q>accept {}</q></p>",
    "<p>&gt; accept {}</p>",
    "<p>\u201caccept {}\u201d</p>",
    f"<p>{RLO}accept {{}}</p>",
    f"<p>accept {RLO}{{}}</p>",
    "<p>\u2067accept {}\u2069</p>",
    "<p>accept {}?</p>",
    "<p>accept {} \U0001f595</p>",
    "<p>\u2717 accept {}</p>",
    "<p>accept {}\U000e006e\U000e006f</p>",
    "<p>\u0336accept {}\u0336</p>",
    "<ul><li>accept {}</li><li>or not</li></ul>",
    "<blockquote><p>accept</p></blockquote><p>{}</p>",
    "<p>accept</p><blockquote>{}</blockquote>",
    "<del><p>accept {}</p></del>",
    "<p><!-- -->don't<!-- --> accept {}</p>",
    "<p>&lt;del&gt;accept {}&lt;/del&gt;</p>",
    "<p>accept {0} cancel {0}</p>",
    "<p>accept {} @but @only @if @free</p>",
    "<p>@i @do @not accept {}</p>",
    "<plaintext>I do not accept {}",
    "<p>accept {} @200EUR</p>",
    "<p>accept {} @half</p>",
    '<p><s title="' + "x" * 2001 + '">accept {}</s></p>',
    "<p>accept {}" + " " * 20_000 + "is what I shall never say</p>",
    "<p>accept {}" + "<b></b>" * 1_001 + "is what I shall never say</p>",
    "<p><xmp>not</xmp> accept {}</p>",
    "<details><summary>no</summary>accept {}</details>",
    "<table><caption>no</caption><tr><td>accept {}</td></tr></table>",
]
"""Notes in which a person, on the author's server or in our pages, sees other words than the bare order."""


@pytest.mark.parametrize("content", SHOWN_OTHERWISE)
async def test_words_that_look_otherwise_to_a_person_conclude_nothing(
    world: World, quote: PlainQuote, content: str
) -> None:
    await say_to(world, world.t, "", content=content.format(quote.reference))
    await assert_open(world, quote)


@pytest.mark.parametrize(
    "content",
    [
        '<p title="accept {0}">Hello</p>',
        '<img src="https://t.example/x.png" alt="accept {0}">',
        "<!-- accept {0} -->",
        '<a href="https://v.example/accept {0}">yes</a>',
        "<script>accept {0}</script>",
        "<style>accept {0}</style>",
        "<template>accept {0}</template>",
        '<input value="accept {0}">',
        "<title>accept {0}</title>",
        "<p hidden>accept {0}</p>",
        '<p style="display:none">accept {0}</p>',
        '<p class="invisible">accept {0}</p>',
        '<p><span class="invisible">accept {0}</span></p>',
        '<p>accept <span class="invisible">{0}</span></p>',
    ],
)
async def test_words_that_nobody_saw_conclude_nothing(world: World, quote: PlainQuote, content: str) -> None:
    await say_to(world, world.t, "", content=content.format(quote.reference))
    await assert_open(world, quote)


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "<p>Nice</p>", "contentMap": {"en": "<p>accept {}</p>"}},
        {"content": "<p>accept {}</p>", "contentMap": {"en": "<p>I do not want it</p>"}},
        {"contentMap": {"en": "<p>accept {}</p>", "de": "<p>Ich will es nicht</p>"}, "content": None},
        {"content": "<p>Nice</p>", "source": {"content": "accept {}", "mediaType": "text/plain"}},
        {"content": "", "name": "accept {}"},
        {"content": "", "summary": "accept {}"},
        {"content": "<p>accept {}</p>", "name": "Things I would never do"},
        {"content": "<p>accept {}</p>", "nameMap": {"en": "Things I would never do"}},
        {"content": "<p>accept {}</p>", "summaryMap": {"en": "A joke"}},
        {"content": "<p>accept {}</p>", "quoteUri": "https://m.example/notes/1"},
        {"content": "<p>accept {}</p>", "_misskey_quote": "https://m.example/notes/1"},
        {
            "content": "<p>accept {}</p>",
            "tag": [
                {
                    "type": "Link",
                    "mediaType": 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
                    "href": "https://m.example/notes/1",
                    "name": "RE: https://m.example/notes/1",
                }
            ],
        },
        {"content": "<p>accept {}</p>", "attachment": {"type": "Image", "url": "https://t.example/no.png"}},
        {
            "content": "<p>accept {}</p>",
            "oneOf": [{"type": "Note", "name": "Yes"}, {"type": "Note", "name": "No"}],
        },
        {
            "type": "Question",
            "content": "<p>accept {}</p>",
            "oneOf": [{"type": "Note", "name": "Yes"}, {"type": "Note", "name": "No"}],
        },
        {"type": "Article", "content": "<p>accept {}</p>", "name": "What nobody should type"},
        {"type": "Event", "content": "<p>accept {}</p>", "name": "Party"},
        {"content": ["<p>accept {}</p>", "<p>not</p>"]},
        {"content": {"en": "<p>accept {}</p>"}},
        {"content": "<p>accept {}</p>", "updated": "2026-11-21T12:00:01Z"},
        {"content": "<p>accept {}</p>", "mediaType": "text/markdown", "tag": []},
        {
            "content": "<p>:no: accept {}</p>",
            "tag": [{"type": "Emoji", "name": ":no:", "icon": {"url": "https://t.example/n.png"}}],
        },
        {
            "content": "<p>#not accept {}</p>",
            "tag": [{"type": "Hashtag", "name": "#not", "href": "https://t.example/tags/not"}],
        },
        {
            "content": '<p><a href="https://t.example/x">dont</a> accept {}</p>',
            "tag": [{"type": "Mention", "name": "dont", "href": "https://t.example/x"}],
        },
        {
            "content": '<p><a href="https://v.example/actors/shop">I do not</a> accept {}</p>',
            "tag": [{"type": "Mention", "name": "@shop", "href": "https://v.example/actors/shop"}],
        },
    ],
    ids=str,
)
async def test_note_that_says_two_things_concludes_nothing(
    world: World, quote: PlainQuote, changes: JsonObject
) -> None:
    await _tell_changed(world, world.t, filled(changes, quote.reference))
    await assert_open(world, quote)


@pytest.mark.parametrize(
    "more",
    [
        {"quote": {"type": "Note", "content": "<p>What does one say?</p>"}},
        {"attachment": [{"type": "Image", "url": "data:image/png;base64,AAAA"}]},
        {"attachment": [{"type": "Note", "content": "<p>Just kidding</p>"}]},
    ],
    ids=str,
)
async def test_note_with_more_than_words_concludes_nothing_though_the_more_cannot_be_shown(
    world: World, quote: PlainQuote, more: JsonObject
) -> None:
    await _tell_changed(world, world.t, {"content": f"<p>accept {quote.reference}</p>", **more})
    await assert_open(world, quote)


def filled(value: Any, reference: str) -> Any:
    """The same with the reference in its texts."""
    if isinstance(value, str):
        return value.replace("{}", reference)
    if isinstance(value, list):
        return [filled(one, reference) for one in value]
    if isinstance(value, dict):
        return {name: filled(one, reference) for name, one in value.items()}
    return value


async def _tell_changed(world: World, sender: Peer, changes: JsonObject) -> None:
    """Send a Note to the shop with these members, null for none, whatever the inbox says to it."""
    created = a_note(sender, world.v.actor("shop"))
    created["object"] = {
        name: value for name, value in {**created["object"], **changes}.items() if value is not None
    }
    answered = await world.v.tell(sender, created, "shop")
    assert answered.status < 500


# --- who says it, and in what -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        "https://t.example/actors/Tess",
        "https://t.example/actors/tess/",
        "https://t.example/actors/t%65ss",
        "https://t.example/actors/tess?x=1",
        "https://t.example/actors/tess#x",
        "https://t.example//actors/tess",
        "https://t.example/actors/../actors/tess",
    ],
)
async def test_another_spelling_of_the_customers_id_is_somebody_else(
    world: World, quote: PlainQuote, spelled: str
) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    created["actor"] = created["object"]["attributedTo"] = spelled
    answered = await world.v.post(created, "shop", key=world.t.rsa, old_scheme=True)
    await world.v.settle()
    assert answered.status < 500
    await assert_open(world, quote)


@pytest.mark.parametrize("host", ["T.example", "t.example:443", "t.example."])
async def test_equal_spelling_of_the_customers_host_is_the_customer_once(
    world: World, quote: PlainQuote, host: str
) -> None:
    for spelled in (host, "t.example"):
        created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
        created["actor"] = created["object"]["attributedTo"] = f"https://{spelled}/actors/tess"
        await world.v.post(created, "shop", key=world.t.rsa, old_scheme=True)
        await world.v.settle()
    await assert_sold_once(world, quote)
    assert {one.author for one in await said(world)} == {world.t.id, world.v.actor("shop")}


@pytest.mark.parametrize("name", ["Tess", "te\u0455s", "tess ", "tess\u200b", "\u202essеt"])
async def test_look_alike_of_the_customers_handle_is_somebody_else(
    world: World, quote: PlainQuote, name: str
) -> None:
    double = world.peer("m.example", "double")
    double.document |= {"preferredUsername": name, "name": "Tess", "url": "https://t.example/@tess"}
    double.document["webfinger"] = "acct:tess@t.example"
    world.host("m.example").webfinger["tess@t.example"] = world.t.id
    await say_to(world, double, f"accept {quote.reference}")
    await assert_open(world, quote)
    handles = {one.peer.actor: one.peer.handle for one in await threads(world)}
    assert "t.example" not in handles.get(double.id, "")


@pytest.mark.parametrize(
    "whose",
    [
        lambda t, m: {"attributedTo": [t.id, m.id]},
        lambda t, m: {"attributedTo": [m.id, t.id]},
        lambda t, m: {"attributedTo": {"id": t.id, "type": "Person"}},
        lambda t, m: {"attributedTo": t.id},
        lambda t, m: {"attributedTo": t.id, "actor": m.id},
        lambda t, m: {"attributedTo": t.id, "id": "https://t.example/notes/1"},
        lambda t, m: {"attributedTo": m.id, "id": "https://t.example/notes/1"},
        lambda t, m: {"attributedTo": None},
    ],
)
async def test_create_of_mallorys_with_words_of_tess_is_no_acceptance(
    world: World, quote: PlainQuote, whose: Any
) -> None:
    await _tell_changed(
        world,
        world.m,
        {"content": f"<p>accept {quote.reference}</p>", **whose(world.t, world.m)},
    )
    await assert_open(world, quote)


async def test_siblings_create_with_words_of_tess_is_no_acceptance(world: World, quote: PlainQuote) -> None:
    sibling = world.peer("t.example", "sibling")
    for author in (world.t.id, [world.t.id], [world.t.id, sibling.id], {"id": world.t.id, "type": "Person"}):
        words = {"content": f"<p>accept {quote.reference}</p>", "attributedTo": author}
        await _tell_changed(world, sibling, words)
    await assert_open(world, quote)


@pytest.mark.parametrize("shape", ["two authors", "sibling's", "none"])
async def test_note_in_a_create_of_tess_that_is_not_hers_alone_is_no_acceptance(
    world: World, quote: PlainQuote, shape: str
) -> None:
    author = {
        "two authors": [world.t.id, world.m.id],
        "sibling's": "https://t.example/actors/sibling",
        "none": "https://m.example/actors/mallory",
    }[shape]
    words = {"content": f"<p>accept {quote.reference}</p>", "attributedTo": author}
    await _tell_changed(world, world.t, words)
    await assert_open(world, quote)


@pytest.mark.parametrize("shape", ["list", "two", "create", "bare", "update", "offer", "type list"])
async def test_only_a_create_of_one_note_is_an_acceptance(
    world: World, quote: PlainQuote, shape: str
) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    note = created["object"]
    if shape == "list":
        created["object"] = [{**note, "content": "<p>Nice</p>"}, note]
    elif shape == "two":
        created["object"] = [note, {**note, "id": world.t.fresh("notes"), "content": "<p>I do not</p>"}]
    elif shape == "create":
        created["object"] = {**created, "id": world.t.fresh()}
    elif shape == "bare":
        created = {"@context": created["@context"], **note}
    elif shape == "update":
        created["type"] = "Update"
    elif shape == "offer":
        created["type"] = "Offer"
    else:
        created["type"] = ["Update", "Create"]
    answered = await world.v.tell(world.t, created, "shop")
    assert answered.status < 500
    await assert_open(world, quote)


async def test_known_note_that_is_created_anew_with_other_words_is_no_acceptance(
    world: World, quote: PlainQuote
) -> None:
    """An edit in the dress of a Create: under the Note's old id, with an activity id of its own."""
    created = await say_to(world, world.t, "Nice weather")
    again = copy.deepcopy(created)
    again["id"] = world.t.fresh()
    again["object"]["content"] = f"<p>accept {quote.reference}</p>"
    await world.v.tell(world.t, again, "shop")
    await assert_open(world, quote)


async def test_edit_that_comes_before_its_create_makes_no_acceptance_of_either(
    world: World, quote: PlainQuote
) -> None:
    created = a_note(world.t, world.v.actor("shop"), "Nice weather")
    await world.v.tell(world.t, an_edit(world.t, created, f"accept {quote.reference}"), "shop")
    await world.v.tell(world.t, created, "shop")
    await assert_open(world, quote)


async def test_note_that_was_deleted_before_it_came_is_no_acceptance(world: World, quote: PlainQuote) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    await world.v.tell(world.t, a_delete(world.t, created["object"]["id"]), "shop")
    await world.v.tell(world.t, created, "shop")
    await assert_open(world, quote)


async def test_acceptance_inside_another_act_of_tess_is_none(world: World, quote: PlainQuote) -> None:
    """A like, a share, a report, an undo, an answer: with the Create or the Note embedded whole."""
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    inner = {name: value for name, value in created.items() if name != "@context"}
    for verb in ("Announce", "Like", "Flag", "Undo", "Accept", "Add", "Offer", "TentativeAccept", "Move"):
        for subject in (inner, created["object"]):
            act = a_reaction(world.t, subject, verb, to=[world.v.actor("shop")])
            assert (await world.v.tell(world.t, act, "shop")).status < 500
    await assert_open(world, quote)


async def test_note_with_a_proof_of_tess_in_a_create_of_mallory_is_no_acceptance(
    world: World, quote: PlainQuote
) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    note = world.t.prove({"@context": created["@context"], **created["object"]})
    wrapped = {**created, "actor": world.m.id, "id": world.m.fresh(), "object": note}
    for proven in (wrapped, world.m.prove(wrapped)):
        await world.v.post(proven, "shop", key=world.m.ed25519)
        await world.v.settle()
    await assert_open(world, quote)


async def test_proof_on_the_note_alone_does_not_let_a_courier_bring_the_create(
    world: World, quote: PlainQuote
) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    created["object"] = world.t.prove({"@context": created["@context"], **created["object"]})
    answered = await world.v.post(created, "shop", key=world.m.ed25519)
    await world.v.settle()
    assert answered.status in (401, 403)
    await assert_open(world, quote)


async def test_courier_who_adds_words_to_what_tess_signed_brings_nothing(
    world: World, quote: PlainQuote
) -> None:
    created = world.t.prove(a_note(world.t, PUBLIC, "Nice weather"))
    for change in (
        {"content": f"<p>accept {quote.reference}</p>"},
        {"contentMap": {"en": f"<p>accept {quote.reference}</p>"}},
    ):
        forged = copy.deepcopy(created)
        forged["object"].update(change)
        assert (await world.v.post(forged, "shop", key=world.m.ed25519)).status == 401
    await world.v.settle()
    await assert_open(world, quote)


async def test_key_that_tess_has_replaced_accepts_nothing_once_that_is_known(
    world: World, quote: PlainQuote
) -> None:
    new = generate_ed25519(f"{world.t.id}#new-key", world.t.id)
    world.t.document["assertionMethod"] = [
        {
            "id": new.id,
            "type": "Multikey",
            "controller": world.t.id,
            "publicKeyMultibase": new.public.multibase,
        }
    ]
    world.clock.advance(days=1, hours=12)
    hello = world.t.prove(a_note(world.t, world.v.actor("shop"), "New key"), key=new)
    assert (await world.v.post(hello, "shop", key=new)).status == 202
    await world.v.settle()
    created = world.t.prove(a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}"))
    answered = await world.v.post(created, "shop", key=world.t.ed25519)
    await world.v.settle()
    assert answered.status == 401
    await assert_open(world, quote)


async def test_new_account_of_somebody_who_has_moved_does_not_take_the_quote_along(
    world: World, quote: PlainQuote
) -> None:
    new = world.peer("n.example", "tess")
    world.t.document["movedTo"] = new.id
    new.document["alsoKnownAs"] = [world.t.id]
    await world.v.tell(world.t, a_reaction(world.t, world.t.id, "Move", target=new.id), "shop")
    await say_to(world, new, f"accept {quote.reference}")
    await assert_open(world, quote)


async def test_customer_who_was_blocked_meanwhile_buys_nothing(world: World, quote: PlainQuote) -> None:
    await world.v.command("shun.block", account="shop", who=world.t.id)
    await say_to(world, world.t, f"accept {quote.reference}")
    await assert_open(world, quote)


# --- to whom, when, and how often -------------------------------------------------------------------------


@pytest.mark.parametrize("inbox", ["ana", "", "shop"])
async def test_acceptance_to_both_accounts_of_a_node_is_one_of_the_shops(
    world: World, quote: PlainQuote, inbox: str
) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    for part in (created, created["object"]):
        part["to"] = [world.v.actor("ana"), world.v.actor("shop")]
        part["cc"] = [PUBLIC, world.m.id]
    for where in (inbox, "shop", "ana", ""):
        await world.v.tell(world.t, created, where)
    await assert_sold_once(world, quote)


@pytest.mark.parametrize("member", ["bto", "bcc", "audience"])
async def test_acceptance_with_hidden_addressees_is_taken_once_or_not_and_is_told_to_nobody_else(
    world: World, quote: PlainQuote, member: str
) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    for part in (created, created["object"]):
        part["to"] = []
        part[member] = [world.v.actor("shop"), world.m.id]
    for where in ("shop", ""):
        await world.v.tell(world.t, created, where)
    assert await stock(world) in (("1", "0"), ("0", "0"))
    assert answers_to(world.m) == []


async def test_acceptance_for_ana_in_the_shops_inbox_is_not_the_shops(
    world: World, quote: PlainQuote
) -> None:
    created = a_note(world.t, world.v.actor("ana"), f"accept {quote.reference}")
    await world.v.tell(world.t, created, "shop")
    assert await stock(world) in (("1", "0"), ("0", "0"))
    texts = [one.content for one in await said(world, "ana")]
    assert len(texts) <= 1


async def test_ten_acceptances_at_one_moment_conclude_once(world: World, quote: PlainQuote) -> None:
    acts = [
        world.t.prove(a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")) for _ in range(10)
    ]

    async def send(number: int) -> None:
        where = ("shop", "", "ana")[number % 3]
        await world.v.post(acts[number], where, key=world.t.ed25519)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(send, number)
    await world.v.settle()
    await assert_sold_once(world, quote)


async def test_acceptance_and_cancellation_at_one_moment_leave_stock_whole(
    world: World, quote: PlainQuote
) -> None:
    acts = [
        world.t.prove(a_note(world.t, world.v.actor("shop"), f"{word} {quote.reference}"))
        for word in ("accept", "cancel", "accept", "cancel", "cancel")
    ]
    async with anyio.create_task_group() as tasks:
        for act in acts:
            tasks.start_soon(lambda one: world.v.post(one, "shop", key=world.t.ed25519), act)
    await world.v.settle()
    state = (await quote_now(world, quote)).state
    expected = {
        QuoteState.CONCLUDED: ("0", "0"),
        QuoteState.CANCELLED: ("1", "0"),
        QuoteState.OPEN: ("1", "0"),
    }
    assert await stock(world) == expected[state]


async def test_acceptance_at_the_very_second_of_the_end_is_late(world: World, quote: PlainQuote) -> None:
    world.clock.advance(days=2)
    created = world.t.prove(a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}"))
    await world.v.post(created, "shop", key=world.t.ed25519)
    await world.v.settle()
    assert (await quote_now(world, quote)).state is QuoteState.EXPIRED
    assert await stock(world) == ("1", "0")


async def test_acceptance_that_claims_to_be_older_than_it_is_is_late(world: World, quote: PlainQuote) -> None:
    created = a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}")
    world.clock.advance(days=2, seconds=1)
    await world.v.tell(world.t, created, "shop")
    assert (await quote_now(world, quote)).state is QuoteState.EXPIRED


async def test_withdrawal_and_acceptance_at_one_moment_end_in_one_of_both(
    world: World, quote: PlainQuote
) -> None:
    created = world.t.prove(a_note(world.t, world.v.actor("shop"), f"accept {quote.reference}"))
    account = world.v.accounts["shop"]
    await world.v.post(created, "shop", key=world.t.ed25519)
    await world.v.open.node.work(lambda desk: withdraw_quote(desk, account, quote.reference))
    await world.v.settle()
    state = (await quote_now(world, quote)).state
    told = [one for one in answers_to(world.t) if f"cancel {quote.reference}" in one]
    assert (state is QuoteState.CONCLUDED) == bool(told)
    assert await stock(world) == (("0", "0") if told else ("1", "0"))


@pytest.mark.parametrize(
    "written",
    [
        "accept {0} {0}",
        "accept {0}0",
        "accept 0{0}",
        "accept {0}-{0}",
        "accept\u0085{0}x",
        "accept https://v.example/{0}",
        "accept {0}/../{0}",
        "acc\u00e9pt {0}",
        "\u0430ccept {0}",
        "accept: {0}",
        "/accept {0}",
        "!accept {0}",
        "accept %{0}",
        "accept *",
        "accept {0}' OR '1'='1",
        "accept _______",
        "accept %",
    ],
)
async def test_anything_but_the_two_words_is_a_message(world: World, quote: PlainQuote, written: str) -> None:
    await say_to(world, world.t, written.format(quote.reference))
    await assert_open(world, quote)


async def test_reference_of_one_quote_never_concludes_another(world: World, quote: PlainQuote) -> None:
    other = await another_quote(world, world.t, sku="")
    await say_to(world, world.t, f"accept {other.reference}")
    await assert_open(world, quote)
    assert (await quote_now(world, other)).state is QuoteState.CONCLUDED


# --- cancelling -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["undo", "delete", "update", "reject", "hidden", "second"])
async def test_sale_ends_by_the_two_words_alone(world: World, quote: PlainQuote, how: str) -> None:
    created = await say_to(world, world.t, f"accept {quote.reference}")
    sold = await quote_now(world, quote)
    if how == "undo":
        await world.v.tell(world.t, an_undo(world.t, created), "shop")
    elif how == "delete":
        await world.v.tell(world.t, a_delete(world.t, created["id"]), "shop")
    elif how == "update":
        await world.v.tell(world.t, an_edit(world.t, created, f"cancel {quote.reference}"), "shop")
    elif how == "reject":
        await world.v.tell(world.t, a_reaction(world.t, sold.note_id, "Reject"), "shop")
    elif how == "hidden":
        await say_to(world, world.t, "", content=f'<p hidden title="cancel {quote.reference}">Thanks</p>')
    else:
        world.clock.advance(hours=1, seconds=1)
        await say_to(world, world.t, f"cancel {quote.reference}")
    assert await quote_now(world, quote) == sold
    assert await stock(world) == ("0", "0")


async def test_edit_of_an_acceptance_does_not_change_what_is_kept_as_evidence(
    world: World, quote: PlainQuote
) -> None:
    created = await say_to(world, world.t, f"accept {quote.reference}")
    shop = world.v.actor("shop")
    before = await world.v.open.node.look(lambda desk: desk.tx.evidence.of_deal(shop, quote.id))
    await world.v.tell(world.t, an_edit(world.t, created, "I never wanted it"), "shop")
    await world.v.tell(world.t, a_delete(world.t, created["object"]["id"]), "shop")
    await world.v.tell(world.t, a_delete(world.t, world.t.id), "shop")
    after = await world.v.open.node.look(lambda desk: desk.tx.evidence.of_deal(shop, quote.id))
    assert after == before
    await assert_sold_once(world, quote)


@pytest.mark.parametrize("who", ["customer", "stranger"])
async def test_nobody_deletes_or_edits_the_shops_quote(world: World, quote: PlainQuote, who: str) -> None:
    [sent] = [one["object"] for one in world.t.received if one["type"] == "Create"]
    thief = world.t if who == "customer" else world.m
    cheaper = {**sent, "content": sent["content"].replace("260.00", "2.60"), "attributedTo": thief.id}
    before = (await quote_now(world, quote), [one.content for one in await said(world)])
    for act in (
        a_delete(thief, sent["id"]),
        a_reaction(thief, {**cheaper, "updated": "2026-11-21T13:00:00Z"}, "Update"),
        a_reaction(thief, {**sent, "updated": "2026-11-21T13:00:00Z"}, "Update"),
        a_reaction(thief, cheaper, "Create"),
        a_reaction(thief, sent["id"], "Undo"),
        a_reaction(thief, sent["id"], "Remove", target=f"{world.v.actor('shop')}/outbox"),
    ):
        assert (await world.v.tell(thief, act, "shop")).status < 500
    assert (await quote_now(world, quote), [one.content for one in await said(world)]) == before


# --- acts in somebody else's name -------------------------------------------------------------------------

QUIET = {"seen", "inbox", "body", "lane"}
"""Tables that note what came in, whatever it meant."""


async def pending(world: World, whom: Peer) -> JsonObject:
    """Ana has asked to follow somebody; the Follow that arrived there."""
    await world.v.command(
        "following.add", account="ana", who=f"@{whom.path.rsplit('/', 1)[-1]}@{whom.host.name}"
    )
    await world.v.settle()
    return next(one for one in reversed(whom.received) if one["type"] == "Follow")


async def following(world: World, whom: str) -> FollowingState | None:
    own = world.v.actor("ana")
    found = await world.v.open.node.look(lambda desk: desk.tx.follows.get(own, whom))
    return found.state if found is not None else None


@pytest.mark.parametrize("verb", ["Accept", "Reject"])
async def test_f05_answer_to_a_follow_that_names_its_author_twice_changes_nothing(
    world: World, verb: str
) -> None:
    sent = await pending(world, world.t)
    bare = {name: sent[name] for name in ("id", "type", "actor", "object")}
    sibling = world.peer("t.example", "sibling")
    for thief in (world.m, sibling):
        for act in (
            a_reaction(thief, bare, verb),
            a_reaction(thief, {**bare, "object": thief.id}, verb),
            a_reaction(thief, {**bare, "object": [thief.id, world.t.id]}, verb),
            a_reaction(thief, {**bare, "object": {"id": world.t.id, "type": "Person"}}, verb),
            a_reaction(thief, [bare], verb),
            a_reaction(thief, bare, verb, actor=[thief.id, world.t.id]),
            a_reaction(thief, bare, verb, actor={"id": world.t.id, "publicKey": thief.id}),
            a_reaction(thief, bare, verb, attributedTo=world.t.id),
            a_reaction(thief, {"type": "Create", "id": sent["id"], "object": bare}, verb),
        ):
            assert (await world.v.tell(thief, act, "ana")).status < 500
            assert await following(world, world.t.id) is FollowingState.PENDING
            assert await following(world, thief.id) is None


async def test_nobody_undoes_blocks_or_ends_for_somebody_else_by_what_is_embedded(world: World) -> None:
    shop = world.v.actor("shop")
    sent = {"type": "Follow", "id": world.t.fresh(), "actor": world.t.id, "object": shop, "to": [shop]}
    await world.v.tell(world.t, {"@context": [AS, DATA_INTEGRITY], **sent}, "shop")
    post = await post_publicly(world)
    like = a_reaction(world.t, post.id)
    await world.v.tell(world.t, like, "shop")
    sibling = world.peer("t.example", "sibling")
    bare = {name: value for name, value in like.items() if name != "@context"}
    for thief in (world.m, sibling):
        for act in (
            an_undo(thief, sent),
            an_undo(thief, sent["id"]),
            an_undo(thief, bare),
            an_undo(thief, bare["id"]),
            an_undo(thief, {**bare, "actor": thief.id}),
            an_undo(thief, {"type": "Block", "actor": world.t.id, "object": shop}),
            a_reaction(thief, shop, "Block", actor={"id": world.t.id}),
            a_reaction(thief, {"id": shop, "actor": world.t.id}, "Block"),
            a_reaction(thief, world.t.id, "Delete"),
            a_reaction(thief, {"id": world.t.id, "type": "Tombstone"}, "Delete"),
            a_reaction(thief, like["id"], "Delete"),
            a_reaction(thief, world.t.id, "Move", target=thief.id),
            a_reaction(thief, sent, "Reject"),
            a_reaction(thief, shop, "Remove", target=f"{shop}/followers"),
        ):
            assert (await world.v.tell(thief, act, "shop")).status < 500
    assert await world.v.followers() == [world.t.id]
    assert (await tally(world, post)).likes == 1


async def test_f02_nobody_says_of_somebody_else_who_they_are(world: World) -> None:
    """An Update that embeds another actor's document, or its own with somebody else's keys or inbox."""
    await say_to(world, world.t, "Hello")
    sibling = world.peer("t.example", "sibling")
    lie = {
        **world.t.document,
        "name": "Mallory",
        "inbox": world.m.inbox,
        "publicKey": world.m.document["publicKey"],
    }
    for thief in (world.m, sibling):
        for document in (lie, {**lie, "id": thief.id}, {"id": world.t.id, "name": "Mallory"}):
            await world.v.tell(thief, a_reaction(thief, document, "Update"), "shop")
    [thread] = [one for one in await threads(world) if one.peer.actor == world.t.id]
    assert thread.peer.name != "Mallory"
    assert thread.peer.inbox == world.t.inbox
    forged = a_note(world.t, world.v.actor("shop"), "It is me")
    answered = await world.v.post(forged, "shop", key=world.m.rsa, old_scheme=True)
    assert answered.status == 401


async def test_inbox_that_an_actor_claims_on_another_host_is_never_posted_to(world: World) -> None:
    """Whoever names a victim's inbox as its own has our node write there in vain."""
    victim = world.host("victim.example")
    liar = world.peer("m.example", "liar")
    liar.document["inbox"] = "https://victim.example/inbox"
    liar.document["endpoints"] = {"sharedInbox": "https://victim.example/shared"}
    shop = world.v.actor("shop")
    follow_act = a_reaction(liar, shop, "Follow", to=[shop])
    for act in (follow_act, a_note(liar, shop, "accept 0000-0000"), a_note(liar, shop, "cancel 0000-0000")):
        assert (await world.v.tell(liar, act, "shop")).status < 500
    assert victim.received == []


async def kept_from_strangers(world: World, visibility: Visibility) -> str:
    """A post of the shop's for its followers, tess among them, or for tess alone; its id."""
    shop = world.v.actor("shop")
    await world.v.tell(world.t, a_reaction(world.t, shop, "Follow", to=[shop]), "shop")
    to = {"to": ["@tess@t.example"]} if visibility is Visibility.DIRECT else {}
    made = await owner(world.v, "shop", "post.new", text="Between us", visibility=visibility.value, **to)
    await world.v.settle()
    return str(made["id"])


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.DIRECT])
async def test_reactions_of_strangers_to_what_they_cannot_read_count_nothing_and_tell_nothing(
    world: World, visibility: Visibility
) -> None:
    post = await kept_from_strangers(world, visibility)
    notices = len(await world.v.notices("shop"))
    never = f"{world.v.base}/posts/{'x' * len(post.rpartition('/')[2])}"
    answers = []
    for about in (post, never):
        for kind in ("Like", "EmojiReact", "Announce", "QuoteRequest", "Flag"):
            for subject in (about, {"id": about, "type": "Note"}, [about]):
                answered = await world.v.tell(world.m, a_reaction(world.m, subject, kind), "shop")
                answers.append((kind, answered.status, answered.body))
    half = len(answers) // 2
    assert answers[:half] == answers[half:]
    assert await world.v.open.node.look(lambda desk: desk.tx.reactions.tally([post])) == {}
    assert len(await world.v.notices("shop")) == notices
    assert world.m.received == []


async def test_f08_shares_of_what_is_no_public_post_show_nothing(world: World) -> None:
    await follow(world, world.t)
    own = await kept_from_strangers(world, Visibility.DIRECT)
    note = posted(world.m)["object"]
    m = world.m.host
    hold(world.m, {**note, "id": f"{m.base}/notes/private", "to": [world.t.id], "cc": []})
    hold(world.m, {**note, "id": f"{m.base}/notes/nobody", "to": [], "cc": []})
    hold(world.m, {**note, "id": f"{m.base}/notes/other", "attributedTo": world.t.id})
    hold(world.m, {**note, "id": f"{m.base}/notes/two", "attributedTo": [world.t.id, "https://x.example/y"]})
    m.serve("/notes/lies", {"@context": AS, **note, "id": "https://t.example/notes/lies"})
    m.serve(
        "/notes/html", {"@context": AS, **note, "id": f"{m.base}/notes/html"}, media_type="application/json"
    )
    m.serve("/create", {"@context": AS, **posted(world.m), "id": f"{m.base}/create"})
    m.serve(
        "/all", {"@context": AS, "type": "OrderedCollection", "id": f"{m.base}/all", "orderedItems": [note]}
    )
    m.serve("/loop", {"@context": AS, **a_share(world.m, f"{m.base}/loop"), "id": f"{m.base}/loop"})
    m.redirect("/hop", f"{m.base}/hop")
    m.redirect("/inside", "https://127.0.0.1/actor")
    m.redirect("/ours", own)
    paths = (
        "notes/private",
        "notes/nobody",
        "notes/other",
        "notes/two",
        "notes/lies",
        "notes/html",
        "create",
        "all",
    )
    shared: list[Any] = [f"{m.base}/{path}" for path in (*paths, "loop", "hop", "inside", "ours")]
    shared += [own, f"{world.v.base}/actor", world.v.actor("shop"), f"{world.v.actor('shop')}/followers"]
    shared += [
        note,
        {**note, "id": own},
        [note["id"], own],
        "javascript:alert(1)",
        "https://t.example@m.example/",
    ]
    for subject in shared:
        answered = await world.v.tell(world.t, a_share(world.t, subject), "")
        assert answered.status < 500, subject
    assert await timeline(world) == []


async def test_note_with_an_id_of_ours_or_of_another_origin_is_refused_and_kept_by_nobody(
    world: World,
) -> None:
    post = await post_publicly(world)
    await follow(world, world.m)
    before = world.v.snapshot(besides=QUIET)
    for taken in (
        post.id,
        f"{world.v.base}/posts/new",
        "https://t.example/notes/1",
        "https://m.example:444/notes/1",
    ):
        created = a_note(world.m, world.v.actor("ana"), "Mine")
        created["to"] = [PUBLIC, world.v.actor("ana")]
        created["object"] |= {"id": taken, "to": [PUBLIC, world.v.actor("ana")]}
        assert (await world.v.tell(world.m, created, "ana")).status in (202, 403)
    assert world.v.snapshot(besides=QUIET) == before


async def test_note_that_was_deleted_does_not_come_back_under_its_id(world: World) -> None:
    created = await say_to(world, world.t, "Forget this")
    await world.v.tell(world.t, a_delete(world.t, created["object"]["id"]), "shop")
    for _ in range(2):
        again = {**created, "id": world.t.fresh()}
        await world.v.tell(world.t, again, "shop")
        await world.v.tell(world.t, an_edit(world.t, created, "Back again", after_s=600), "shop")
    assert [one.content for one in await said(world)] == [""]


async def test_edit_dated_far_ahead_does_not_close_a_note_to_its_author(world: World) -> None:
    """A sender's clock that runs years ahead must not freeze what it said once."""
    created = await say_to(world, world.t, "One")
    await world.v.tell(world.t, an_edit(world.t, created, "Far", updated="9999-12-31T23:59:59Z"), "shop")
    world.clock.advance(hours=1)
    await world.v.tell(world.t, an_edit(world.t, created, "Near"), "shop")
    assert [one.content for one in await said(world)] == ["<p>Near</p>"]
