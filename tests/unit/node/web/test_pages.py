"""The public pages: what they say, and what they must never do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from node.web import pages
from node.web.i18n import LANGUAGES, locale_for
from node.web.static import FILES, STATIC_DIR
from node.web.templating import Reader
from node.web.views import (
    AnswerLine,
    AnswerView,
    AspectLine,
    FeedbackLine,
    FeedbackView,
    FeedLine,
    FeedView,
    FollowView,
    FrontView,
    MissingView,
    Party,
    ProfileView,
    PublicView,
    StandingOfferView,
)

NASTY = '"><script>alert(1)</script>'
NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Outline(HTMLParser):
    """What a page is made of; refuses tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in ("dt", "dd"):
            self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            attrs
            for name, attrs in self.tags
            if name == tag and all(attrs.get(key.rstrip("_")) == value for key, value in wanted.items())
        ]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


ANSWER = AnswerView(
    host="shop.example",
    page="https://shop.example/@shop/a1",
    object_id="https://shop.example/posts/a1",
    author=Party("North Bicycles", "@shop@shop.example", "https://shop.example/@shop"),
    published_at=NOW,
    content=Markup("<p>We are sorry, and mend it.</p>"),
    said=FeedbackLine(
        "Never got an answer",
        "https://bo.example/@bo/x1",
        Party("Bo", "@bo@bo.example"),
        NOW - timedelta(days=1),
    ),
    description="We are sorry, and mend it.",
)


def render(view: PublicView, tag: str = "en") -> str:
    return pages.render_public(view, Reader(locale_for(tag), NOW))


def follow(tag: str = "en", **changes: Any) -> str:
    view = FollowView(
        host="shop.example",
        page="https://shop.example/@shop",
        name="North Bicycles",
        handle="@shop@shop.example",
        actor="https://shop.example/actors/shop",
    )
    return pages.render_follow(replace(view, **changes), Reader(locale_for(tag), NOW))


@pytest.fixture(params=list(LANGUAGES))
def every_page(
    front: FrontView,
    profile: ProfileView,
    offer: StandingOfferView,
    feedback: FeedbackView,
    request: pytest.FixtureRequest,
) -> dict[str, str]:
    def render(view: PublicView) -> str:
        return pages.render_public(view, Reader(locale_for(request.param), NOW))

    return {
        "front": render(front),
        "empty front": render(replace(front, accounts=())),
        "vendor": render(profile),
        "bare vendor": render(replace(profile, offers=(), terms=(), feedback=(), summary="")),
        "person": render(replace(profile, is_vendor=False)),
        "offer": render(offer),
        "ended offer": render(replace(offer, is_open=False, content="", title="")),
        "feedback": render(feedback),
        "unverified": render(replace(feedback, from_a_purchase=False, content="", aspects=())),
        "follow": follow(
            request.param, typed="@me@a.example", action="https://a.example/f", server="a.example"
        ),
        **{f"follow {why}": follow(request.param, wrong=why) for why in ("handle", "server", "none", "busy")},
        "ask": follow(
            request.param, typed="@me@a.example", action="https://a.example/f", server="a.example", asks=True
        ),
        "ask none": follow(request.param, typed="@me@a.example", wrong="none", asks=True),
        "answer": render(ANSWER),
        "answer to nothing": render(replace(ANSWER, said=None)),
        "not found": pages.render_missing(MissingView(host="shop.example")),
        "gone": pages.render_missing(MissingView(host="shop.example", gone=True)),
    }


# --- every page ------------------------------------------------------------------------------------------


def test_every_page_is_well_formed_with_one_heading_and_one_main_part(every_page: dict[str, str]) -> None:
    for name, html in every_page.items():
        assert html.startswith("<!doctype html>"), name
        outline = Outline(html)
        assert len(outline.all("h1")) == 1, name
        assert [attrs["id"] for attrs in outline.all("main")] == ["main"], name
        assert outline.all("html")[0]["lang"] in LANGUAGES, name
        assert outline.all("meta", name="viewport"), name
        assert outline.all("a", class_="skip", href="#main"), name
        assert len(outline.all("title")) == 1, name


def test_every_label_of_a_section_is_there_once(every_page: dict[str, str]) -> None:
    for name, html in every_page.items():
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), name
        assert set(re.findall(r'aria-labelledby="([^"]+)"', html)) <= set(ids), name


def test_no_page_asks_anybody_else_for_anything(every_page: dict[str, str]) -> None:
    for name, html in every_page.items():
        outline = Outline(html)
        assert outline.all("script") == outline.all("script", type="application/ld+json"), name
        assert not outline.all("style"), name
        assert outline.all("form") == outline.all("form", method="post", action="/follow"), name
        assert " style=" not in html, name
        loaded = [
            attrs
            for tag, attrs in outline.tags
            if attrs.get("src") or (tag == "link" and attrs["rel"] in ("preload", "stylesheet", "icon"))
        ]
        files = ("vendor/simple.min.css", "tokens.css", "obverse.css", "favicon.svg")
        code = ["/@shop/qr.svg"] if name in ("vendor", "bare vendor") else []
        expected = [*(FILES.address(file) for file in files), *code]
        assert [attrs.get("src") or attrs["href"] for attrs in loaded] == expected, name


def test_style_sheets_load_nothing_but_the_vendored_base() -> None:
    for path in STATIC_DIR.rglob("*.css"):
        css = path.read_text(encoding="utf-8")
        wanted = ["vendor/simple.min.css"] if path.name == "obverse.css" else []
        assert re.findall(r"url\(\"?([^)\"]*)\"?\)", css) == wanted, path
        assert css.count("@import") == len(wanted), path


def test_every_class_that_a_page_uses_is_in_the_style_sheet(every_page: dict[str, str]) -> None:
    css = (STATIC_DIR / "obverse.css").read_text(encoding="utf-8")
    used = {name for html in every_page.values() for found in re.findall(r'class="([^"]+)"', html)
            for name in found.split()}  # fmt: skip
    assert {name for name in used if not re.search(rf"\.{name}\b", css)} == set()


def test_policy_allows_no_script_no_frame_and_nothing_foreign() -> None:
    policy = dict(pages.PAGE_HEADERS)["content-security-policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert directives["default-src"] == ["'none'"]
    assert "script-src" not in directives
    assert directives["form-action"] == ["'self'"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert {source for sources in directives.values() for source in sources} == {"'none'", "'self'"}


@pytest.mark.parametrize(
    ("view", "field"),
    [
        ("profile", "name"),
        ("profile", "handle"),
        ("profile", "summary"),
        ("profile", "host"),
        ("offer", "title"),
        ("offer", "content"),
        ("feedback", "title"),
        ("feedback", "standing"),
        ("feedback", "content"),
    ],
)
def test_plain_text_from_outside_is_escaped(view: str, field: str, request: pytest.FixtureRequest) -> None:
    outline = Outline(render(replace(request.getfixturevalue(view), **{field: NASTY})))
    assert outline.all("script") == [{"type": "application/ld+json"}]
    assert NASTY in outline.text


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil.example/", "https://", "http://[", None]
)
def test_only_web_addresses_become_links(feedback: FeedbackView, address: str | None) -> None:
    html = render(replace(feedback, vendor=Party("Mallory", "@m@evil.example", address)))
    assert "Mallory" in Outline(html).text
    assert not Outline(html).all("a", rel="nofollow ugc")
    assert address is None or f'href="{address}"' not in html


# --- the front page --------------------------------------------------------------------------------------


def test_front_page_lists_those_who_want_to_be_found(front: FrontView) -> None:
    outline = Outline(render(front))
    assert outline.all("a", href="https://shop.example/@repairs")
    assert outline.all("link", rel="alternate", href="https://shop.example/actor")
    assert "@shop@shop.example" in outline.text


def test_front_page_without_accounts_says_so(front: FrontView) -> None:
    assert "Nobody here asks to be found." in Outline(render(replace(front, accounts=()))).words


# --- profiles --------------------------------------------------------------------------------------------


def test_profile_names_its_account_and_leads_machines_to_the_actor(profile: ProfileView) -> None:
    outline = Outline(render(profile))
    assert outline.all("link", rel="alternate", type="application/activity+json", href=profile.actor)
    assert outline.all("link", rel="canonical", href=profile.page)
    assert "North Bicycles" in outline.text
    assert "Here since 1 October 2026." in outline.words
    assert outline.all("a", href="https://shop.example/@shop/GpuRMVDVbCJKh3mRD6c48Q")


def test_profile_of_a_vendor_tells_its_terms_in_words(profile: ProfileView) -> None:
    outline = Outline(render(replace(profile, terms=(*profile.terms, "urn:other:terms"))))
    assert "no sharing, no profiling" in outline.text
    assert outline.all("a", href="https://w3id.org/dpv/standards/ieee/7012#SD-BASE")
    assert "urn:other:terms" in outline.text


def test_profile_that_wants_no_search_engine_says_so(profile: ProfileView) -> None:
    assert not Outline(render(profile)).all("meta", name="robots")
    hidden = Outline(render(replace(profile, indexed=False)))
    assert hidden.all("meta", name="robots", content="noindex")


def test_profile_of_a_person_has_no_terms_and_no_offers(profile: ProfileView) -> None:
    bare = replace(profile, is_vendor=False, offers=(), terms=(), feedback=())
    words = Outline(render(bare)).words
    assert "Person" in words
    assert "terms that it accepts" not in words
    assert "Offers" not in words
    assert "Feedback" not in words


def test_profile_marks_feedback_that_comes_from_a_purchase(profile: ProfileView) -> None:
    html = render(profile)
    assert html.count("from a purchase") == 1
    assert (
        html.index("Swapped at my door") < html.index("from a purchase") < html.index("Never got an answer")
    )


def test_profile_of_a_vendor_without_anything_teaches_the_next_step(profile: ProfileView) -> None:
    words = Outline(render(replace(profile, offers=(), terms=(), feedback=()))).words
    assert "cast an intent to @shop@shop.example" in words
    assert "no node will send it an intent" in words
    assert "Nothing public yet." in words


# --- standing offers -------------------------------------------------------------------------------------


def test_standing_offer_shows_price_end_and_how_to_take_it(offer: StandingOfferView) -> None:
    outline = Outline(render(offer))
    assert "€1.35 a litre" in outline.words
    assert "Open until 1 December 2026, 06:00 UTC" in outline.words
    assert offer.page in outline.text
    assert outline.all("link", rel="alternate", href=offer.object_id)
    assert "At least 6 litres" in outline.words
    assert "At least" not in Outline(render(replace(offer, least=None))).words


def test_ended_offer_cannot_be_taken_from_its_page(offer: StandingOfferView) -> None:
    outline = Outline(render(replace(offer, is_open=False)))
    assert "This offer is outdated" in outline.words
    assert "open “Buy”" not in outline.text
    assert outline.all("meta", name="robots", content="noindex")


def test_times_are_told_in_utc_wherever_they_come_from(offer: StandingOfferView) -> None:
    elsewhere = datetime(2026, 12, 1, 1, 30, tzinfo=timezone(timedelta(hours=5)))
    html = render(replace(offer, ends_at=elsewhere))
    assert '<time datetime="2026-11-30T20:30:00Z">30 November 2026, 20:30 UTC</time>' in html


# --- feedback --------------------------------------------------------------------------------------------


def test_feedback_names_author_vendor_and_aspects(feedback: FeedbackView) -> None:
    outline = Outline(render(feedback))
    assert outline.all("a", rel="author", href="https://ana.example/@ana")
    assert outline.all("a", rel="nofollow ugc", href="https://shop.example/@shop")
    assert "at my door, in a week delighted" in outline.words
    assert "price as agreed" in outline.words


def test_feedback_from_a_purchase_says_what_that_is_worth(feedback: FeedbackView) -> None:
    assert "a customer wrote this" in Outline(render(feedback)).words


def test_feedback_without_proof_claims_nothing(feedback: FeedbackView) -> None:
    unproven = replace(feedback, from_a_purchase=False, standing="not shown to come from a purchase")
    outline = Outline(render(unproven))
    assert "Nothing here shows that it comes from a purchase." in outline.words
    assert not outline.all("span", class_="badge good")


def test_sanitised_content_is_shown_as_it_is(feedback: FeedbackView) -> None:
    content = Markup("<p>See <a href='https://x.example/' rel='nofollow'>here</a></p>")
    assert str(content) in render(replace(feedback, content=content))


def test_aspect_of_foreign_words_is_escaped(feedback: FeedbackView) -> None:
    html = render(replace(feedback, aspects=(AspectLine(NASTY, NASTY, NASTY),)))
    assert Outline(html).all("script") == [{"type": "application/ld+json"}]


# --- following from elsewhere ----------------------------------------------------------------------------


def test_follow_page_shows_where_it_leads_before_it_does() -> None:
    outline = Outline(follow(typed="@me@a.example", action="https://a.example/f?uri=x", server="a.example"))
    (link,) = outline.all("a", href="https://a.example/f?uri=x")
    assert link["rel"] == "nofollow noreferrer"
    assert "Go on at a.example" in outline.words
    assert not outline.all("form")


@pytest.mark.parametrize("wrong", ["handle", "server", "none"])
def test_follow_page_that_found_nothing_keeps_what_was_typed(wrong: str) -> None:
    outline = Outline(follow(typed="@me@a.example", wrong=wrong))
    assert outline.all("input", name="handle", value="@me@a.example")
    assert outline.all("p", role="alert")
    assert "@shop@shop.example" in outline.words


def test_ask_page_of_a_server_that_takes_no_intents_says_what_to_do_instead() -> None:
    outline = Outline(follow(typed="@me@a.example", wrong="none", asks=True))
    assert "is no Obverse node" in outline.words
    assert outline.all("input", name="want", value="ask")
    assert not Outline(follow(typed="@me@a.example", wrong="none")).all("input", name="want")


def test_vendor_may_be_followed_or_asked_and_a_person_followed(profile: ProfileView) -> None:
    assert len(Outline(render(profile)).all("form")) == 2
    assert len(Outline(render(replace(profile, is_vendor=False))).all("form")) == 1


@pytest.mark.parametrize("action", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_u03_follow_page_leads_to_no_other_scheme(action: str) -> None:
    html = follow(typed="@me@a.example", action=action, server="a.example")
    assert action not in html


# --- for programs ----------------------------------------------------------------------------------------


def said_in_data(html: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
    data: dict[str, Any] = json.loads(found)
    assert data["@context"] == "https://schema.org"
    return data


def test_vendor_is_an_organization_to_programs(profile: ProfileView) -> None:
    data = said_in_data(render(profile))
    assert (data["@type"], data["name"], data["url"]) == ("Organization", profile.name, profile.page)
    assert data["makesOffer"][0]["price"] == "1.35"
    assert said_in_data(render(replace(profile, is_vendor=False)))["@type"] == "Person"


def test_offer_says_price_unit_and_end_to_programs(offer: StandingOfferView) -> None:
    data = said_in_data(render(offer, "de"))
    assert (data["@type"], data["price"], data["priceCurrency"]) == ("Offer", "1.35", "EUR")
    assert data["priceSpecification"]["referenceQuantity"]["unitCode"] == "LTR"
    assert data["eligibleQuantity"]["minValue"] == "6"
    assert data["validThrough"] == "2026-12-01T06:00:00Z"
    assert "availability" not in data
    ended = said_in_data(render(replace(offer, is_open=False)))
    assert ended["availability"] == "https://schema.org/Discontinued"


def test_feedback_is_a_review_without_a_score(feedback: FeedbackView) -> None:
    data = said_in_data(render(feedback))
    assert (data["@type"], data["itemReviewed"]["name"]) == ("Review", "North Bicycles")
    assert "reviewRating" not in data
    strange = replace(feedback, vendor=Party("Mallory", "@m@evil.example", "javascript:alert(1)"))
    assert "url" not in said_in_data(render(strange))["itemReviewed"]


def test_no_text_ends_the_data_of_a_page(profile: ProfileView) -> None:
    html = render(replace(profile, name="</script><script>alert(1)</script>", description="<!--<script>"))
    assert said_in_data(html)["name"] == "</script><script>alert(1)</script>"
    assert Outline(html).all("script") == [{"type": "application/ld+json"}]


def test_head_names_the_page_to_those_who_pass_it_on(offer: StandingOfferView) -> None:
    outline = Outline(render(replace(offer, feed="https://shop.example/@shop/feed.atom"), "de"))
    assert outline.all("meta", property="og:title", content="Whole milk")
    assert outline.all("meta", property="og:url", content=offer.page)
    assert outline.all("meta", property="og:locale", content="de_DE")
    (described,) = outline.all("meta", property="og:description")
    assert described["content"] == "1,35 € je Liter von North Bicycles"
    assert outline.all("link", type="application/atom+xml", href="https://shop.example/@shop/feed.atom")


def test_feed_is_well_formed_whatever_its_lines_say(offer: StandingOfferView) -> None:
    nasty = f"]]>&<b>{NASTY}\x07\u202e"
    line = FeedLine(
        id=offer.object_id,
        page=offer.page,
        title=nasty,
        author=Party(nasty, "@x@y.example"),
        published_at=offer.published_at,
        updated_at=offer.published_at,
        content=Markup("<p>Milk &amp; honey</p>"),
        price=offer.price,
    )
    said = replace(line, price=None, standing="from a purchase", title="")
    view = FeedView(
        host="shop.example",
        page="https://shop.example/@shop",
        feed="https://shop.example/@shop/feed.atom",
        name=nasty,
        handle="@shop@shop.example",
        is_vendor=True,
        updated_at=NOW,
        lines=(line, said),
    )
    feed = ElementTree.fromstring(render(view, "de"))
    space = "{http://www.w3.org/2005/Atom}"
    first, second = feed.findall(f"{space}entry")
    assert first.findtext(f"{space}title") == f"]]>&<b>{NASTY}[U+0007][U+202E]"
    assert first.findtext(f"{space}content") == "<p>Milk &amp; honey</p>"
    assert first.findtext(f"{space}summary") == "1,35 € je Liter"
    assert second.findtext(f"{space}title") == "Dauerangebot"
    assert second.findtext(f"{space}summary") == "aus einem Kauf"
    assert feed.findtext(f"{space}updated") == "2026-11-22T14:05:00Z"
    assert render(replace(view, is_vendor=False, lines=()))


def test_pages_speak_german_to_those_who_read_it(offer: StandingOfferView, profile: ProfileView) -> None:
    outline = Outline(render(offer, "de-AT"))
    assert outline.all("html", lang="de-AT")
    assert "€ 1,35 je Liter" in outline.words
    assert "Offen bis 1. Dezember 2026, 06:00 UTC" in outline.words
    assert "Mindestens 6 Liter" in outline.words
    assert "Hier seit 1. Oktober 2026." in Outline(render(profile, "de")).words


def test_answer_of_the_vendor_stands_beside_the_feedback(profile: ProfileView) -> None:
    line = AnswerLine("https://shop.example/@shop/a1", NOW, Markup("<p>We are sorry.</p>"))
    said = replace(profile.feedback[1], answers=(line,))
    words = Outline(render(replace(profile, feedback=(said,)))).words
    assert "North Bicycles answered on 22 November 2026 We are sorry." in words


def test_answer_says_what_it_answers() -> None:
    outline = Outline(render(ANSWER))
    assert outline.all("a", href="https://bo.example/@bo/x1")
    assert "We are sorry, and mend it." in outline.words
    assert said_in_data(render(ANSWER))["@type"] == "Comment"
    assert "no longer here" in Outline(render(replace(ANSWER, said=None))).words


# --- nothing here ----------------------------------------------------------------------------------------


def test_missing_page_speaks_every_language_at_once() -> None:
    outline = Outline(pages.render_missing(MissingView(host="h.example")))
    assert "Nothing is here" in outline.words
    assert "Hier ist nichts" in outline.words
    assert outline.all("section", lang="de")


def test_missing_page_tells_nothing_from_gone() -> None:
    assert "Nothing is here" in pages.render_missing(MissingView(host="h.example"))
    assert "This is gone" in pages.render_missing(MissingView(host="h.example", gone=True))


def test_pages_directory_travels_with_the_package() -> None:
    assert (Path(pages.__file__).parent / "templates" / "base.html").is_file()
