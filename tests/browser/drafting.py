"""What pages are about that the finished story leaves to whoever opens them, said by the forms of its pages.

A draft of Ana's, an intent that is held, a table that the shop tries out. Each is made for the first to ask.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from urllib.parse import urlencode

import httpx

from tests.browser.asked import PLAIN_SHOP
from tests.browser.story import PASSWORD, Told

__all__ = ["the_draft", "the_held", "the_trial"]

_LINK = re.compile(r"/my/intents/new/([1-9A-HJ-NP-Za-km-z]{20,})/")
_PARTS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "what",
        {
            "name": "Child bicycle, Glasgow, by Friday",
            "category": "Bicycle",
            "content": "For a girl of six who rides every day.\nA bell would be lovely.",
            "amount": "1",
            "unit": "one",
        },
    ),
    (
        "wishes",
        {
            "wish": "Fits a child of 115 cm",
            "weight": "must",
            "property": "body height",
            "op": "fits",
            "value": "115",
            "wish_unit": "centimetre",
        },
    ),
    ("wishes", {"wish": "A colour that a six-year-old would call lively", "weight": "nice"}),
    ("limits", {"budget": "300", "budget_currency": "EUR", "place": "Glasgow", "radius": "20"}),
    ("vendors", {"go": "all"}),
)
_TABLE = """sku,name,category,price,currency,stock
T-1,Tricycle,Q11442,129.00,EUR,4
T-2,Scooter,Q11442,89.00,EUR,7
S0001,Bicycle in a new red,Q11442,249.00,EUR,3
"""
_FLAWED = """sku,name,category,price,currency,stock
T-1,Tricycle,Q11442,129 euros,EUR,4
T-2,Scooter,Q11442,89.00,EUR,seven
"""
_COLUMNS = ("sku", "name", "category", "price", "currency", "stock")


def the_draft(told: Told) -> str:
    """The address of the draft, without its part."""
    return f"/my/intents/new/{_drafted(_client(told, 'ana'))}"


def the_held(told: Told) -> str:
    """The address of an intent that was said, and that leaves minutes later."""
    return _held(_client(told, "ana"))


def the_trial(told: Told, *, is_flawed: bool = False) -> str:
    """The address at which a table that was pasted is tried out. The shop has one such table at a time."""
    sent = _client(told, "south").post(
        "/my/catalogue/import", files={"pasted": (None, _FLAWED if is_flawed else _TABLE)}
    )
    assert sent.status_code == 303, sent.text
    chosen = {f"c{number}": name for number, name in enumerate(_COLUMNS)}
    return f"{sent.headers['location']}?{urlencode({'tried': 'yes', **chosen})}"


def _client(told: Told, who: str) -> httpx.Client:
    player = told[who]
    return _logged_in(who, player.host, player.port)


@cache
def _logged_in(who: str, host: str, port: int) -> httpx.Client:
    """Once each: who logs in again for each page is taken for somebody who guesses."""
    headers = {"host": host, "sec-fetch-site": "same-origin"}
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False)
    answer = client.post("/login", data={"name": who, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    # By hand: the address that is connected to is not the one that the pages, and the cookie, are at.
    given = [cookie.partition(";")[0] for cookie in answer.headers.get_list("set-cookie")]
    client.headers["cookie"] = next(cookie for cookie in given if cookie.startswith("session="))
    return client


@cache
def _drafted(client: httpx.Client) -> str:
    return _say(client)


@cache
def _held(client: httpx.Client) -> str:
    """Five minutes: as long as anybody may hold what they said."""
    assert client.post("/my/intents/hold", data={"hold": "300"}).status_code == 303
    draft = _say(client)
    last = f"/my/intents/new/{draft}/check"
    answer = client.post(last, data=_shown(client, last))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _shown(client: httpx.Client, path: str) -> dict[str, str]:
    """What stands in the hidden fields of a page."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', client.get(path).text))


def _say(client: httpx.Client) -> str:
    """Answer every part of a new draft."""
    answer = client.post("/my/intents/new", data={"template": "product"})
    found = _LINK.match(answer.headers["location"])
    assert found is not None
    for part, values in _PARTS:
        answer = client.post(f"/my/intents/new/{found[1]}/{part}", data=values)
        assert answer.status_code == 303, answer.text
    vendors = re.findall(r'name="vendor" value="([^"]+)"', client.get(f"{found[0]}vendors").text)
    whom = {"vendor": vendors, "message": PLAIN_SHOP, "go": "next"}
    ends = (date.today() + timedelta(days=7)).isoformat()
    terms = {"terms": ["PDC-INTENT", "SD-BASE-DP"], "persona": "deal", "ends": ends}
    for part, chosen in (("vendors", whom), ("terms", terms)):
        answer = client.post(f"/my/intents/new/{found[1]}/{part}", data=chosen)
        assert answer.status_code == 303, answer.text
    return found[1]
