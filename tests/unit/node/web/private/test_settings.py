"""What an owner sets takes effect, is told, and goes nowhere that it should not."""

from __future__ import annotations

import pytest

from federation.strictjson import parse_json_object
from node.domain.accounts import Account
from node.domain.terms import short_name
from node.store.ports import Follower, FollowState, Preferences
from node.web.settings_views import language_name, read_zone
from tests.browsing import Browser, Seen
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio

SETTINGS = "/my/settings"


async def at_settings(house: House, name: str = "ana", kind: str = "person") -> tuple[Browser, Account]:
    account = await house.move_in(name, kind)
    browser = await house.logged_in(name)
    await browser.get(SETTINGS)
    return browser, account


async def chosen(house: House, account: Account) -> Preferences:
    return await house.node.look(lambda desk: desk.tx.preferences.get(account.id))


async def account_now(house: House, account: Account) -> Account:
    found = await house.node.look(lambda desk: desk.tx.accounts.get(account.id))
    assert found is not None
    return found


def marked(seen: Seen, name: str) -> list[str]:
    """What stands in the fields of this name."""
    return [value for form in seen.read.forms for key, value in form.fields if key == name]


# --- what strangers see -----------------------------------------------------------------------------------


async def test_new_name_is_on_the_public_page_and_told_to_followers(house: House) -> None:
    browser, account = await at_settings(house)
    reader = "https://friend.example/users/friend"
    follower = Follower(
        account.id, reader, f"{reader}/inbox", None, f"{reader}/f", FollowState.ACCEPTED, house.clock.now
    )
    await house.node.work(lambda desk: desk.tx.followers.save(follower))
    assert "1 follower is told." in (await browser.get(SETTINGS)).words
    seen = await browser.submit(
        {"name": "Ana & Co <3", "summary": "Two lines\nof <b>mine</b>"}, f"{SETTINGS}/profile"
    )
    assert "Name: Ana & Co <3. The summary is new." in seen.words
    assert marked(seen, "summary") == ["Two lines\nof <b>mine</b>"]
    public = await browser.get("/@ana", accept="text/html")
    assert "Ana & Co <3" in public.words
    assert "of <b>mine</b>" in public.words
    (job,) = await house.node.look(lambda desk: desk.tx.deliveries.all(actors=[account.id]))
    activity = parse_json_object(job.body)
    assert (activity["type"], activity["actor"], job.inbox) == ("Update", account.id, f"{reader}/inbox")
    assert activity["object"]["name"] == "Ana & Co <3"
    assert activity["object"]["id"] == account.id
    assert "proof" in activity


async def test_saving_what_was_there_sends_nothing(house: House) -> None:
    browser, account = await at_settings(house)
    await browser.submit({"summary": "I ride."}, f"{SETTINGS}/profile")
    before = await account_now(house, account)
    seen = await browser.submit({}, f"{SETTINGS}/profile")
    assert "Nothing was changed." in seen.words
    assert await account_now(house, account) == before
    assert (await browser.submit({"summary": ""}, f"{SETTINGS}/profile")).words.count(
        "The summary is gone"
    ) == 1
    assert (await account_now(house, account)).summary is None


async def test_name_that_is_empty_or_too_long_is_asked_again_with_what_was_typed(house: House) -> None:
    browser, account = await at_settings(house)
    seen = await browser.submit({"name": " ", "summary": "kept"}, f"{SETTINGS}/profile")
    assert (seen.status, marked(seen, "summary")) == (422, ["kept"])
    assert "This is empty." in seen.words
    seen = await browser.submit({"name": "x" * 201}, f"{SETTINGS}/profile")
    assert (seen.status, marked(seen, "name")) == (422, ["x" * 201])
    assert (await account_now(house, account)).display_name == "Ana"


# --- how pages read ---------------------------------------------------------------------------------------


async def test_language_zone_and_theme_take_effect_and_are_told_in_the_new_language(house: House) -> None:
    browser, account = await at_settings(house)
    seen = await browser.submit(
        {"language": "de-AT", "zone": "vienna", "theme": "dark"}, f"{SETTINGS}/reading"
    )
    assert "Sprache: Deutsch (Österreich)" in seen.words
    assert "Zeitzone: Europe/Vienna" in seen.words
    assert 'data-theme="dark"' in seen.html
    assert "23. November 2026, 10:00" in seen.words  # 9:00 UTC
    kept = await chosen(house, account)
    assert (kept.language, kept.time_zone, kept.theme) == ("de-AT", "Europe/Vienna", "dark")
    seen = await browser.submit({"language": "", "zone": "", "theme": "auto"}, f"{SETTINGS}/reading")
    assert "Language: as your browser asks. Time zone: UTC. Colours: as your device has it." in seen.words
    assert "data-theme" not in seen.html
    assert "Nothing was changed." in (await browser.submit({}, f"{SETTINGS}/reading")).words


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", "x" * 61, "Europe"])
async def test_zone_that_is_none_is_asked_again(house: House, zone: str) -> None:
    browser, account = await at_settings(house)
    seen = await browser.submit({"zone": zone}, f"{SETTINGS}/reading")
    assert (seen.status, marked(seen, "zone")) == (422, [zone])
    assert (await chosen(house, account)).time_zone == ""


@pytest.mark.parametrize("values", [{"language": "xx"}, {"theme": "pink"}, {"theme": ""}])
async def test_choice_that_no_page_offers_is_refused(house: House, values: dict[str, str]) -> None:
    browser, account = await at_settings(house)
    seen = await browser.post(f"{SETTINGS}/reading", {"language": "", "zone": "", "theme": "auto", **values})
    assert seen.status == 422
    assert await chosen(house, account) == Preferences(account.id)


def test_zones_are_found_by_city_and_languages_named_in_their_own_words() -> None:
    assert read_zone("europe/berlin") == "Europe/Berlin"
    assert read_zone("New York") == "America/New_York"
    assert read_zone("utc") == "UTC"
    assert read_zone("Europe") is None
    assert language_name("de") == "Deutsch"
    assert language_name("en-IE") == "English (Ireland)"


# --- a person's ways --------------------------------------------------------------------------------------


async def test_person_sets_how_long_an_intent_waits(house: House) -> None:
    browser, account = await at_settings(house)
    assert (
        "An intent waits 5 seconds before it leaves."
        in (await browser.submit({"hold": "5"}, f"{SETTINGS}/hold")).words
    )
    assert (await chosen(house, account)).hold_s == 5
    for wrong in ("301", "-1", "x", ""):
        seen = await browser.submit({"hold": wrong}, f"{SETTINGS}/hold")
        assert (seen.status, marked(seen, "hold")) == (422, [wrong])
    assert "An intent leaves at once." in (await browser.submit({"hold": "0"}, f"{SETTINGS}/hold")).words
    assert "Nothing was changed." in (await browser.submit({}, f"{SETTINGS}/hold")).words


async def test_person_sets_the_terms_that_an_intent_starts_on(house: House) -> None:
    browser, account = await at_settings(house)
    assert marked(browser.at, "bundle") == ["portable"]  # what the node proffers unless she says else
    seen = await browser.submit({"bundle": "service"}, f"{SETTINGS}/terms")
    assert "The next intent starts on these terms." in seen.words
    names = [short_name(term) for term in (await chosen(house, account)).terms]
    assert sorted(names) == ["PDC-INTENT", "SD-BASE"]
    assert marked(seen, "bundle") == ["service"]
    assert "Nothing was changed." in (await browser.submit({}, f"{SETTINGS}/terms")).words
    assert (await browser.post(f"{SETTINGS}/agreements", {"accepts": "SD-BASE"})).status == 403


# --- a shop's ways ----------------------------------------------------------------------------------------


async def test_shop_publishes_which_agreements_it_accepts(house: House) -> None:
    browser, account = await at_settings(house, "shop", "vendor")
    assert marked(browser.at, "accepts") == ["PDC-INTENT", "SD-BASE", "SD-BASE-DP"]
    seen = await browser.submit({"accepts": ["SD-BASE"]}, f"{SETTINGS}/agreements")
    assert "Published: you accept SD-BASE." in seen.words
    assert [short_name(term) for term in (await account_now(house, account)).terms_accepted] == ["SD-BASE"]
    seen = await browser.submit({"accepts": []}, f"{SETTINGS}/agreements")
    assert seen.status == 422
    assert "Nobody could deal with you." in seen.words
    assert [short_name(term) for term in (await account_now(house, account)).terms_accepted] == ["SD-BASE"]
    for path in ("hold", "terms"):
        assert (await browser.post(f"{SETTINGS}/{path}", {"hold": "5"})).status == 403


async def test_settings_of_somebody_else_stay_as_they_are(house: House) -> None:
    browser, account = await at_settings(house)
    other = await house.move_in("bea")
    await browser.submit({"name": "Anna", "summary": "x"}, f"{SETTINGS}/profile")
    await browser.submit({"theme": "dark"}, f"{SETTINGS}/reading")
    assert await account_now(house, other) == other
    assert await chosen(house, other) == Preferences(other.id)
    assert (await account_now(house, account)).display_name == "Anna"


async def test_page_leads_to_what_is_set_elsewhere(house: House) -> None:
    browser, _ = await at_settings(house)
    links = set(browser.at.read.links.values())
    assert {"/my/settings/notices", "/my/security", "/my/export", "/my/styleguide", "/@ana"} <= links
