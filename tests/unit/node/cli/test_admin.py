"""Accounts, deliveries, blocks and notices, as they are typed and read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from federation.ports import DeliveryOutcome, HostState, InboundEntry, Outcome
from federation.strictjson import dump_json
from node.cli import admin
from node.config import load_config
from node.container import open_node
from node.domain.values import format_time
from node.store.fan_outs import FanOut
from node.store.ports import Follower, FollowState, Notice, QueuedJob, Session

NOW = datetime.now(UTC).replace(microsecond=0)


def work(data: Path, use_case: Any) -> Any:
    """Do something at the node's desk, as a message from outside would."""

    async def run() -> Any:
        async with open_node(load_config(data)) as opened:
            return await opened.node.work(use_case)

    return anyio.run(run)


# --- accounts -----------------------------------------------------------------------------------------------


def test_accounts_are_listed_for_people(obverse: Any) -> None:
    out = obverse("user", "list").out
    assert "@ana@ana.example" in out
    assert "PDC-INTENT, SD-BASE, SD-BASE-DP" in out


def test_name_that_is_taken_is_refused(obverse: Any) -> None:
    assert obverse("user", "add", "ana").err == "name: ana is taken on this node. Choose another.\n"


def test_password_ends_the_sessions(obverse: Any, data: Path) -> None:
    ana = "https://ana.example/actors/ana"
    work(data, lambda desk: desk.tx.sessions.save(Session("hash", ana, NOW, NOW, "Firefox on a phone")))
    assert "Firefox on a phone" in obverse("user", "sessions", "ana").out
    ran = obverse("user", "passwd", "ana", stdin="a sentence is good\n")
    assert ran.out == "The password of ana is set; 1 session ended.\n"
    assert obverse("user", "sessions", "ana").out == "Signed in nowhere.\n"
    assert obverse("user", "list", "--json").json["accounts"][0]["has_password"]


def test_sessions_are_ended_by_hand(obverse: Any, data: Path) -> None:
    ana = "https://ana.example/actors/ana"
    work(data, lambda desk: desk.tx.sessions.save(Session("hash", ana, NOW, NOW, "phone")))
    assert obverse("user", "sessions", "ana", "--end").out == "1 session ended.\n"


def test_password_is_kept_as_a_hash(obverse: Any, data: Path) -> None:
    obverse("user", "passwd", "ana", stdin="a sentence is good\n")
    assert b"a sentence is good" not in (data / "obverse.db").read_bytes()
    assert b"argon2id" in (data / "obverse.db").read_bytes()


def test_short_password_is_refused(obverse: Any) -> None:
    assert obverse("user", "passwd", "ana", stdin="short\n").err == (
        "password: 5 characters. Use at least 10.\n"
    )


def test_vendor_chooses_the_agreements_that_it_accepts(obverse: Any) -> None:
    assert (
        obverse("user", "terms", "shop", "--accepts", "SD-BASE").out == "@shop@ana.example accepts SD-BASE.\n"
    )
    assert obverse("user", "terms", "ana", "--accepts", "SD-BASE").code == 2
    assert obverse("user", "terms", "shop", "--accepts", "odd").err.startswith(
        "terms: 'odd' is not in the roster"
    )


# --- deliveries ---------------------------------------------------------------------------------------------


def job(number: int, **over: Any) -> QueuedJob:
    body = {"type": "Offer", "object": {"type": "Agreement"}, **over.pop("body", {})}
    values: dict[str, Any] = {
        "activity_id": f"https://ana.example/activities/{number}",
        "recipient": "https://b.example/actors/b",
        "inbox": "https://b.example/inbox",
        "actor": "https://ana.example/actors/ana",
        "key_id": "k",
        "body": dump_json(body),
        "ordering_key": f"deal {number}",
        "created_at": NOW,
        "give_up_at": NOW + timedelta(days=1),
        "due_at": NOW + timedelta(hours=1),
    }
    return QueuedJob(**{**values, **over})


def bury(data: Path) -> None:
    """Give the first delivery up, as the worker does when the peer says no for good."""

    async def settle() -> None:
        async with open_node(load_config(data)) as opened:
            await opened.node.db.delivery_queue.settle(1, DeliveryOutcome(Outcome.DEAD, "answered 410"), NOW)

    anyio.run(settle)


def test_waiting_deliveries_are_listed_in_words(obverse: Any, data: Path) -> None:
    assert obverse("deliveries", "list").out == "Nothing waits to be delivered.\n"
    work(data, lambda desk: desk.tx.deliveries.enqueue(job(1)))
    out = obverse("deliveries", "list").out
    assert "Offer of Agreement" in out
    assert "https://b.example/actors/b" in out
    assert obverse("deliveries", "list", "--json").json["deliveries"][0]["stage"] == "time"


def test_given_up_delivery_is_resent(obverse: Any, data: Path) -> None:
    work(data, lambda desk: desk.tx.deliveries.enqueue(job(1)))
    assert obverse("deliveries", "resend", "1").err == (
        "id: delivery 1 is queued. A given-up or held one can be.\n"
    )
    bury(data)
    assert "given up: answered 410" in obverse("deliveries", "list").out
    ran = obverse("deliveries", "resend", "1")
    assert ran.code == 0
    assert ran.out == "1: queued.\n"


def test_message_whose_own_time_has_ended_is_not_resent(obverse: Any, data: Path) -> None:
    ended = {"endTime": format_time(NOW - timedelta(hours=1))}
    work(data, lambda desk: desk.tx.deliveries.enqueue(job(1, body=ended)))
    bury(data)
    ran = obverse("deliveries", "resend", "1")
    assert ran.code == 2
    assert "its own time ended" in ran.err


@pytest.mark.parametrize("words", [(), ("--inbound",)])
def test_unknown_delivery_is_named(words: tuple[str, ...], obverse: Any) -> None:
    assert obverse("deliveries", "resend", "99", *words).err.startswith("id: there is no delivery 99.")


def test_dead_letter_is_listed_and_read_again(obverse: Any, data: Path) -> None:
    async def receive() -> None:
        async with open_node(load_config(data)) as opened:
            entry = InboundEntry(
                recipient="https://ana.example/actors/ana", actor="https://b.example/actors/b",
                activity_id="https://b.example/1", body=b'{"type":"Create"}', digest="zQm", received_at=NOW,
            )  # fmt: skip
            await opened.node.db.inbox_log.record(entry)
            found = (await opened.node.db.inbox_log.claim(1, NOW))[0]
            await opened.node.db.inbox_log.bury(found.id, "TypeError: odd")

    anyio.run(receive)
    ran = obverse("deliveries", "list")
    assert "TypeError: odd" in ran.out
    number = obverse("deliveries", "list", "--json").json["dead_letters"][0]["id"]
    assert obverse("deliveries", "resend", str(number), "--inbound").out == f"{number}: to be read again.\n"


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("turn", "waiting for its turn"),
        ("time", "leaves in 5 minutes"),
        ("retry", "trying again in 5 minutes, because: no answer"),
        (
            "silent",
            (
                "waiting since https://b.example does not answer (7 failures, the first 2 hours ago);"
                " next try in 5 minutes"
            ),
        ),
        ("order", "waiting for an earlier message of the same deal"),
        ("delivered", "delivered 3 hours ago"),
        ("held", "held behind an earlier message that was given up"),
        ("dropped", "dropped 3 hours ago"),
        ("expired", "given up after 7 days and 40 tries: no answer"),
        ("dead", "given up: no answer"),
    ],
)
def test_delivery_state_is_told_in_words(stage: str, words: str) -> None:
    now = datetime.now(UTC)
    settled = now - timedelta(hours=3, minutes=5)
    line = {
        "stage": stage,
        "host": "https://b.example",
        "attempts": 40,
        "failures": 7,
        "detail": "no answer",
        "next_at": (now + timedelta(minutes=5, seconds=30)).isoformat(),
        "silent_since": (now - timedelta(hours=2, minutes=5)).isoformat(),
        "created_at": (settled - timedelta(days=7)).isoformat(),
        "settled_at": settled.isoformat(),
    }
    assert admin.delivery_words(line) == words


def test_each_delivery_says_what_it_waits_for_and_what_can_be_done(obverse: Any, data: Path) -> None:
    host = HostState(
        "https://silent.example",
        failures=6,
        failing_since=NOW,
        open_until=datetime.now(UTC) + timedelta(hours=1),
    )

    def queue(desk: Any) -> None:
        changes: list[dict[str, Any]] = [
            {"due_at": None, "ordering_key": "deal"},
            {"ordering_key": "deal"},
            {"due_at": datetime.now(UTC) + timedelta(days=1)},
            {"inbox": "https://silent.example/inbox", "recipient": ""},
        ]
        for number, over in enumerate(changes):
            desk.tx.deliveries.enqueue(job(number, **over))

    async def know() -> None:
        async with open_node(load_config(data)) as opened:
            await opened.node.db.host_memory.save(host)

    work(data, queue)
    anyio.run(know)
    listed = obverse("deliveries", "list", "--json").json["deliveries"][::-1]
    assert [line["stage"] for line in listed] == ["turn", "order", "time", "silent"]
    assert [line["can"] for line in listed] == [["drop"]] * 4
    assert (listed[3]["to"], listed[3]["failures"]) == ("https://silent.example/inbox", 6)
    assert listed[3]["next_at"] is not None
    out = obverse("deliveries", "list").out
    assert "waiting since https://silent.example does not answer" in " ".join(out.split())
    assert "obverse deliveries drop NO" in out


def test_delivery_is_dropped(obverse: Any, data: Path) -> None:
    work(data, lambda desk: desk.tx.deliveries.enqueue(job(1)))
    assert obverse("deliveries", "drop", "1").out == "1: dropped.\n"
    assert obverse("deliveries", "list").out == "Nothing waits to be delivered.\n"
    assert obverse("deliveries", "drop", "1").err == "id: delivery 1 is dropped. It cannot be taken back.\n"
    assert obverse("deliveries", "drop", "9").err.startswith("id: there is no delivery 9.")
    assert "dropped" in obverse("deliveries", "list", "--all").out


def a_fan_out(**over: Any) -> FanOut:
    actor = "https://ana.example/actors/ana"
    fan_out = FanOut(
        activity_id="https://ana.example/posts/1#create",
        actor=actor,
        about="https://ana.example/posts/1",
        key_id=f"{actor}#key",
        body=b"{}",
        created_at=NOW,
        give_up_at=NOW + timedelta(days=7),
        kind="Create of Note",
    )
    return replace(fan_out, **over)


def test_what_goes_to_many_is_one_line(obverse: Any, data: Path) -> None:
    def begin(desk: Any) -> None:
        begun = desk.tx.fan_outs.add(a_fan_out())
        desk.tx.fan_outs.spread(begun, [f"https://h{n}.example/inbox" for n in range(3)], is_last=True)

    work(data, begin)
    listed = obverse("deliveries", "list", "--json").json
    assert listed["deliveries"] == []
    (post,) = listed["posts"]
    assert (post["type"], post["inboxes"], post["waiting"], post["is_spread"]) == (
        "Create of Note",
        3,
        3,
        True,
    )
    out = " ".join(obverse("deliveries", "list").out.split())
    assert "Create of Note" in out
    assert "0 of 3 inboxes" in out
    assert "3 to go" in out


def test_what_all_have_is_listed_only_when_all_is_asked_for(obverse: Any, data: Path) -> None:
    work(data, lambda desk: desk.tx.fan_outs.spread(desk.tx.fan_outs.add(a_fan_out()), [], is_last=True))
    assert obverse("deliveries", "list", "--json").json["posts"] == []
    assert len(obverse("deliveries", "list", "--all", "--json").json["posts"]) == 1


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"waiting": 2}, "2 to go"),
        ({"failed": 1}, "delivered; 1 given up"),
        ({"is_spread": False}, "still counting its inboxes"),
        ({"taken_back_at": NOW.isoformat()}, "taken back"),
    ],
)
def test_state_of_what_goes_to_many_is_told_in_words(over: dict[str, Any], words: str) -> None:
    post = {"waiting": 0, "failed": 0, "is_spread": True, "taken_back_at": None}
    assert admin.spread_words(post | over).startswith(words)


# --- followers, blocks, notices -----------------------------------------------------------------------------


def test_followers_are_listed(obverse: Any, data: Path) -> None:
    assert "Nobody follows yet" in obverse("followers", "--as", "ana").out
    fan = Follower("https://ana.example/actors/ana", "https://b.example/u/b", "https://b.example/inbox", None,
                   "https://b.example/follow", FollowState.PENDING, NOW)  # fmt: skip
    work(data, lambda desk: desk.tx.followers.save(fan))
    assert "pending" in obverse("followers", "--as", "ana").out


def test_domain_is_blocked_and_heard_again(obverse: Any) -> None:
    assert obverse("block", "list").out == "No domain is blocked.\n"
    assert obverse("block", "add", "SPAM.example.", "--reason", "unasked").code == 0
    assert "unasked" in obverse("block", "list").out
    assert obverse("block", "list", "--json").json["blocks"][0]["domain"] == "spam.example"
    assert obverse("block", "remove", "spam.example").code == 0
    assert obverse("block", "remove", "spam.example").code == 2


@pytest.mark.parametrize(
    ("domain", "words"), [("ana.example", "this node itself"), ("a b", "Write a domain")]
)
def test_domain_that_cannot_be_blocked_is_named(domain: str, words: str, obverse: Any) -> None:
    ran = obverse("block", "add", domain)
    assert ran.code == 2
    assert words in ran.err


def test_notices_are_told_newest_first(obverse: Any, data: Path) -> None:
    assert obverse("notices", "--as", "ana").out == "Nothing has happened yet.\n"
    ana = "https://ana.example/actors/ana"
    for number in (1, 2):
        line = Notice(
            ana, NOW + timedelta(seconds=number), f"line {number}", deal_id="https://x.example/d/abcdefgh"
        )
        work(data, lambda desk, line=line: desk.tx.notices.add(line))
    found = obverse("notices", "--as", "ana", "--json").json["notices"]
    assert [one["text"] for one in found] == ["line 2", "line 1"]
    assert "cdefgh" in obverse("notices", "--as", "ana").out
