"""A draft of Ana's in the finished story, said by the forms of its pages, for the pages that show one."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

import httpx

from tests.browser.story import PASSWORD, Told

__all__ = ["the_draft"]

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


def the_draft(told: Told) -> str:
    """The address of the draft, without its part; the first to ask makes it."""
    ana = told["ana"]
    return f"/my/intents/new/{_made(ana.host, ana.port)}"


@cache
def _made(host: str, port: int) -> str:
    """Said once: who logs in again for each page is taken for somebody who guesses."""
    headers = {"host": host, "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
        answer = client.post("/login", data={"name": "ana", "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        # By hand: the address that is connected to is not the one that the pages, and the cookie, are at.
        given = [cookie.partition(";")[0] for cookie in answer.headers.get_list("set-cookie")]
        client.headers["cookie"] = next(cookie for cookie in given if cookie.startswith("session="))
        return _say(client)[1]


def _say(client: httpx.Client) -> re.Match[str]:
    answer = client.post("/my/intents/new", data={"template": "product"})
    found = _LINK.match(answer.headers["location"])
    assert found is not None
    for part, values in _PARTS:
        answer = client.post(f"/my/intents/new/{found[1]}/{part}", data=values)
        assert answer.status_code == 303, answer.text
    vendors = re.findall(r'name="vendor" value="([^"]+)"', client.get(f"{found[0]}vendors").text)
    ends = (date.today() + timedelta(days=7)).isoformat()
    terms = {"terms": ["PDC-INTENT", "SD-BASE-DP"], "persona": "deal", "ends": ends}
    for part, chosen in (("vendors", {"vendor": vendors, "go": "next"}), ("terms", terms)):
        answer = client.post(f"/my/intents/new/{found[1]}/{part}", data=chosen)
        assert answer.status_code == 303, answer.text
    return found
