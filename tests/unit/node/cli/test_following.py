"""Following, muting, blocking, moving and lists of domains, as they are typed and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio

from node.config import load_config
from node.container import open_node
from node.store.following import Moving
from node.store.ports import Follower, FollowState
from tests.builders import NOW

ANA, SHOP = "https://ana.example/actors/ana", "https://ana.example/actors/shop"
BOB = "https://far.example/users/bob"


def work(data: Path, use_case: Any) -> Any:
    async def run() -> Any:
        async with open_node(load_config(data)) as opened:
            return await opened.node.work(use_case)

    return anyio.run(run)


def asks(data: Path, state: FollowState = FollowState.PENDING) -> None:
    follow = Follower(ANA, BOB, f"{BOB}/inbox", None, f"{BOB}/follows/1", state, NOW)
    work(data, lambda desk: desk.tx.followers.save(follow))


def test_somebody_is_followed_and_no_more(obverse: Any) -> None:
    assert "You follow nobody yet" in obverse("following", "--as", "ana").out
    assert "Asked to follow @shop@ana.example" in obverse("follow", "@shop@ana.example", "--as", "ana").out
    assert "@shop@ana.example" in obverse("following", "--as", "ana").out
    assert "no more" in obverse("unfollow", "@shop@ana.example", "--as", "ana").out
    assert "You follow nobody yet" in obverse("following", "--as", "ana").out
    assert obverse("unfollow", "@shop@ana.example", "--as", "ana").code == 2
    assert obverse("unfollow", "@nobody@ana.example", "--as", "ana").code == 2


def test_whoever_asks_is_let_or_not(obverse: Any, data: Path) -> None:
    asks(data)
    assert "pending" in obverse("followers", "--as", "ana").out
    assert "follows you" in obverse("followers", "approve", BOB, "--as", "ana").out
    assert "accepted" in obverse("followers", "--as", "ana").out
    assert "does not follow you" in obverse("followers", "remove", BOB, "--as", "ana").out
    assert "Nobody follows yet" in obverse("followers", "--as", "ana").out


def test_whom_an_account_does_not_hear_is_listed(obverse: Any, data: Path) -> None:
    asks(data)
    assert "You hear everybody" in obverse("shun", "list", "--as", "ana").out
    assert "is muted" in obverse("shun", "mute", BOB, "--as", "ana").out
    assert "is blocked" in obverse("shun", "block", BOB, "--as", "ana").out
    assert "muted and blocked" in obverse("shun", "list", "--as", "ana").out
    assert "Nobody follows yet" in obverse("followers", "--as", "ana").out
    assert "no longer muted" in obverse("shun", "unmute", BOB, "--as", "ana").out
    assert "heard again" in obverse("shun", "unblock", BOB, "--as", "ana").out
    assert "You hear everybody" in obverse("shun", "list", "--as", "ana").out
    assert obverse("shun", "unblock", BOB, "--as", "ana").code == 2
    assert obverse("shun", "mute", ANA, "--as", "ana").code == 2


def test_account_says_where_it_moves_and_what_stays(obverse: Any) -> None:
    assert "Moved to: nowhere" in obverse("account", "show", "--as", "ana").out
    assert obverse("account", "move", "@shop@ana.example", "--as", "ana").code == 2
    assert ANA in obverse("account", "alias", "add", "@ana@ana.example", "--as", "shop").out
    moved = obverse("account", "move", "@shop@ana.example", "--as", "ana").out
    assert "What does not move" in moved
    assert f"you are now {SHOP}" in moved
    assert "Moved to: nowhere" in obverse("account", "return", "--as", "ana").out
    assert "nobody else" in obverse("account", "alias", "remove", ANA, "--as", "shop").out
    assert "everybody may read it" in obverse("account", "network", "--show", "--as", "ana").out
    assert "only their number" in obverse("account", "network", "--as", "ana").out


def test_moves_wait_for_a_word(obverse: Any, data: Path) -> None:
    assert "Nobody has moved" in obverse("moves", "list", "--as", "ana").out
    moving = Moving(ANA, BOB, SHOP, "@shop@ana.example", "Shop", NOW, old_handle="@bob@far.example")
    work(data, lambda desk: desk.tx.moves.save(moving))
    assert "Go along" in obverse("moves", "list", "--as", "ana").out
    assert "stays as it was" in obverse("moves", "leave", "@bob@far.example", "--as", "ana").out
    assert "Go along" not in obverse("moves", "list", "--as", "ana").out
    assert obverse("moves", "follow", "@nobody@far.example", "--as", "ana").code == 2


LIST = """\
#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate
spam.example,suspend,True,True,unasked advertising,False
loud.example,silence,False,False,,False
"""


def test_list_of_domains_is_looked_at_before_it_is_taken_over(obverse: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(LIST, encoding="utf-8")
    looked = obverse("block", "import", str(path)).out
    assert "1 domain would be blocked" in looked
    assert "only limited there" in looked
    assert "No domain is blocked" in obverse("block", "list").out
    assert "1 domain blocked" in obverse("block", "import", str(path), "--apply").out
    assert "unasked advertising" in obverse("block", "list").out
    written = obverse("block", "export").out
    assert written.splitlines()[1] == "spam.example,suspend,True,True,unasked advertising,False"
    path.write_text(written, encoding="utf-8")
    assert "blocked already" in obverse("block", "import", str(path)).out


def test_long_list_is_shown_in_part(obverse: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("".join(f"d{number}.example\n" for number in range(203)), encoding="utf-8")
    assert "and 3 more lines" in obverse("block", "import", str(path)).out
    path.write_text("\n", encoding="utf-8")
    assert obverse("block", "import", str(path)).code == 2
