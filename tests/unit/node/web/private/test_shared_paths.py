"""A person's and a vendor's screen may share a path; who reads decides which one it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from node.web.frame import PrivatePages
from node.web.gate import Gate
from node.web.passkeys import Passkeys
from node.web.visits import Answer, Handler, Screens, Visit, Who
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio


def _says(words: str) -> Handler:
    async def run(visit: Visit) -> Answer:
        return PlainTextResponse(words)

    return run


@dataclass
class Heard:
    faults: list[BaseException] = field(default_factory=list)

    def __call__(self, what: str, error: BaseException) -> None:
        self.faults.append(error)


@pytest.mark.parametrize(("kind", "said"), [("person", "hers"), ("vendor", "theirs")])
async def test_viewer_gets_the_screen_of_their_kind(house: House, kind: str, said: str) -> None:
    await house.move_in("ana", kind)
    screens = Screens()
    screens.get("/my/things", who=Who.PERSON)(_says("hers"))
    screens.get("/my/things", who=Who.VENDOR)(_says("theirs"))
    browser = await house.logged_in("ana")
    app: Any = PrivatePages(
        house.node, screens, gate=Gate(Passkeys(house.base, secret=b"s" * 32)), report=Heard()
    )
    browser._app = app
    assert (await browser.get("/my/things")).body == said.encode()


@pytest.mark.parametrize(("kind", "said"), [("person", "hers"), ("vendor", "theirs")])
async def test_pattern_of_the_other_kind_stands_in_nobodys_way(house: House, kind: str, said: str) -> None:
    await house.move_in("ana", kind)
    screens = Screens()
    screens.get("/my/things/{thing}", who=Who.PERSON)(_says("hers"))
    screens.get("/my/things/{other}", who=Who.VENDOR)(_says("theirs"))
    browser = await house.logged_in("ana")
    app: Any = PrivatePages(
        house.node, screens, gate=Gate(Passkeys(house.base, secret=b"s" * 32)), report=Heard()
    )
    browser._app = app
    assert (await browser.get("/my/things/1")).body == said.encode()


def test_nothing_but_a_person_and_a_vendor_shares_a_path() -> None:
    for first, second in ((Who.OWNER, Who.PERSON), (Who.PERSON, Who.PERSON)):
        screens = Screens()
        screens.get("/my/things", who=first)(_says("one"))
        with pytest.raises(ValueError, match="two screens answer GET /my/things"):
            screens.get("/my/things", who=second)(_says("two"))
    screens = Screens()
    for who in (Who.PERSON, Who.VENDOR):
        screens.get("/my/things", who=who)(_says("one"))
    with pytest.raises(ValueError, match="three screens"):
        screens.get("/my/things", who=Who.PERSON)(_says("three"))


def test_refused_form_is_shown_by_the_page_of_its_own_kind() -> None:
    screens = Screens()
    hers, theirs = _says("hers"), _says("theirs")
    screens.get("/my/things", who=Who.PERSON)(hers)
    screens.get("/my/things", who=Who.VENDOR)(theirs)
    screens.post("/my/things", who=Who.VENDOR)(_says("done"))
    assert [screen.again for screen in screens if screen.method == "POST"] == [theirs]
