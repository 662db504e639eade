"""Lists of domains are compared first, taken over whole, and no spelling of a host escapes them."""

from __future__ import annotations

from typing import Any

import pytest

from federation.errors import InvalidIri
from federation.ids import parse_iri
from node.blocking import domain_in
from node.store.following import Following, FollowingState
from node.store.ports import Follower, FollowState

pytestmark = pytest.mark.anyio

HEAD = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"


async def verdicts(home: Any, csv: str, *, apply: bool = False) -> list[str]:
    shown = await home.ask("block.import", csv=csv, apply=apply)
    return [line["verdict"] for line in shown["lines"]]


async def blocked(home: Any) -> list[str]:
    return [one["domain"] for one in (await home.ask("block.list"))["blocks"]]


async def test_dry_run_says_of_each_line_what_would_become_of_it_and_changes_nothing(world: Any) -> None:
    ana = await world.person("ana")
    await ana.ask("block.add", domain="known.example")
    csv = HEAD + "\n".join(
        [
            "new.example,suspend,True,True,spam,False",
            "NEW.example.,suspend,True,True,,False",
            "sub.new.example,suspend,True,True,,False",
            "known.example,suspend,True,True,,False",
            "deep.known.example,suspend,True,True,,False",
            "loud.example,silence,False,False,,False",
            "noted.example,noop,False,False,,False",
            "odd.example,explode,False,False,,False",
            "h*dden.example,suspend,True,True,,True",
            "ana.example,suspend,True,True,,False",
            "not a domain,suspend,True,True,,False",
            "2130706433,suspend,True,True,,False",
        ]
    )
    expected = [
        *("new", "twice", "twice", "known", "known", "weaker", "weaker"),
        *("wrong", "hidden", "ours", "wrong", "wrong"),
    ]
    assert await verdicts(ana, csv) == expected
    assert await blocked(ana) == ["known.example"]
    assert await verdicts(ana, csv, apply=True) == expected
    assert await blocked(ana) == ["known.example", "new.example"]
    assert await verdicts(ana, csv) == ["known", "known", "known", *expected[3:]]


SPELLINGS = [
    "evil.example",
    "EVIL.example",
    "evil.example.",
    " evil.example ",
    "@evil.example",
    "evil.example:8443",
    "https://evil.example/about?x=1",
    "\uff45\uff56\uff49\uff4c\uff0eexample",
    "evil\u3002example",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_c12_a_list_blocks_a_host_however_either_of_them_is_spelt(world: Any, spelling: str) -> None:
    ana = await world.person("ana")
    assert await verdicts(ana, f"{spelling}\n", apply=True) == ["new"]
    assert await blocked(ana) == ["evil.example"]
    for host in ("evil.example", "EVIL.EXAMPLE", "a.b.evil.example", "evil.example."):
        assert ana.node.blocks(host)
    for host in ("evil.example.org", "notevil.example"):
        assert not ana.node.blocks(host)


@pytest.mark.parametrize(
    ("spelling", "domain"),
    [
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:80", "192.0.2.7"),
    ],
)
def test_domain_is_read_in_its_one_spelling(spelling: str, domain: str) -> None:
    assert domain_in(spelling) == domain


@pytest.mark.parametrize("spelling", ["0x7f.1", "0177.0.0.1", "2130706433", "0xc0000207", "192.0.519"])
def test_number_that_only_some_read_as_an_address_is_no_domain_and_no_host_of_an_id(spelling: str) -> None:
    with pytest.raises(InvalidIri):
        domain_in(spelling)
    with pytest.raises(InvalidIri):
        parse_iri(f"https://{spelling}/users/bob")


async def test_columns_may_stand_in_any_order_and_without_their_mark(world: Any) -> None:
    ana = await world.person("ana")
    csv = '\ufeffpublic_comment,domain,severity\n\n"two\nlines",a.example,suspend\n,b.example\n'
    assert await verdicts(ana, csv, apply=True) == ["new", "new"]
    shown = (await ana.ask("block.list"))["blocks"]
    assert [(one["domain"], one["reason"]) for one in shown] == [
        ("a.example", "two lines"),
        ("b.example", ""),
    ]


async def test_list_without_a_head_has_domains_or_mastodons_columns(world: Any, refused: Any) -> None:
    ana = await world.person("ana")
    assert await verdicts(ana, "a.example\nb.example\n") == ["new", "new"]
    assert await verdicts(ana, "a.example,suspend\nb.example,silence\n") == ["new", "weaker"]
    for csv in ("a.example,b.example\n", '"a.example\n', "#domain\n" + "a.example\n" * 20_001):
        with pytest.raises(refused):
            await ana.ask("block.import", csv=csv)


async def test_export_is_taken_over_by_another_node_and_holds_no_formula(world: Any) -> None:
    ana, bea = await world.person("ana"), await world.person("bea")
    await ana.ask("block.add", domain="B\u00fccher.example", reason="=HYPERLINK(1)")
    await ana.ask("block.add", domain="spam.example", reason='says "buy", often')
    written = (await ana.ask("block.export"))["csv"]
    assert written.startswith(HEAD)
    assert "\n=" not in written
    assert ",=" not in written
    assert await verdicts(bea, written, apply=True) == ["new", "new"]
    assert await blocked(bea) == await blocked(ana)


async def test_who_was_blocked_by_a_list_is_refused_at_once(world: Any) -> None:
    ana = await world.person("ana")
    north = await world.vendor("north")
    await ana.ask("block.import", csv="NORTH.example.\n", apply=True)
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    actor, follower = "https://ana.example/actors/ana", "https://north.example/actors/north"
    assert await ana.node.look(lambda desk: desk.tx.followers.get(actor, follower)) is None


@pytest.mark.parametrize("by_list", [False, True])
async def test_blocking_a_domain_ends_who_follows_whom_there_and_tells_nobody(
    world: Any, by_list: bool
) -> None:
    ana, here = await world.person("ana"), "https://ana.example/actors/ana"
    now = ana.node.now()
    hosts = ("evil.example", "deep.evil.example", "notevil.example")
    actors = [f"https://{host}/users/m" for host in hosts]

    def befriend(desk: Any) -> None:
        for actor, state in zip(
            actors, (FollowState.ACCEPTED, FollowState.PENDING, FollowState.ACCEPTED), strict=True
        ):
            inbox = f"{actor}/inbox"
            desk.tx.followers.save(Follower(here, actor, inbox, None, f"{actor}#follow", state, now))
            followed = Following(
                here, actor, "@m", "M", inbox, "", f"{here}#{actor}", FollowingState(state.value), now
            )
            desk.tx.follows.save(followed)

    await ana.node.work(befriend)
    if by_list:
        assert await verdicts(ana, "evil.example\n", apply=True) == ["new"]
    else:
        await ana.ask("block.add", domain="Evil.example.")
    await world.settle()
    states = await ana.node.look(
        lambda desk: [
            (desk.tx.followers.get(here, one).state.value, desk.tx.follows.get(here, one).state.value)
            for one in actors
        ]
    )
    assert states == [("removed", "removed"), ("removed", "removed"), ("accepted", "accepted")]
    assert await ana.node.look(lambda desk: desk.tx.deliveries.all()) == []
