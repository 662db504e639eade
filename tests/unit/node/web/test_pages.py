"""The public pages: what they say, and what they must never do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from node.web import pages
from node.web.static import FILES, STATIC_DIR
from node.web.views import (
    AspectLine,
    FeedbackView,
    FrontView,
    MissingView,
    Party,
    ProfileView,
    StandingOfferView,
)

NASTY = '"><script>alert(1)</script>'
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


@pytest.fixture
def every_page(
    front: FrontView, profile: ProfileView, offer: StandingOfferView, feedback: FeedbackView
) -> dict[str, str]:
    return {
        "front": pages.render_front(front),
        "empty front": pages.render_front(replace(front, accounts=())),
        "vendor": pages.render_profile(profile),
        "bare vendor": pages.render_profile(replace(profile, offers=(), terms=(), feedback=(), summary="")),
        "person": pages.render_profile(replace(profile, is_vendor=False)),
        "offer": pages.render_standing_offer(offer),
        "ended offer": pages.render_standing_offer(replace(offer, is_open=False, content="", most="3 litre")),
        "feedback": pages.render_feedback(feedback),
        "unverified": pages.render_feedback(replace(feedback, from_a_purchase=False, content="", aspects=())),
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
        assert outline.all("html", lang="en"), name
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
        assert not outline.all("script"), name
        assert not outline.all("style"), name
        assert not outline.all("form"), name
        assert " style=" not in html, name
        loaded = [
            attrs
            for tag, attrs in outline.tags
            if attrs.get("src") or (tag == "link" and attrs["rel"] in ("preload", "stylesheet", "icon"))
        ]
        assert [attrs.get("src") or attrs["href"] for attrs in loaded] == [
            FILES.address(file)
            for file in ("vendor/simple.min.css", "tokens.css", "obverse.css", "obverse.svg")
        ], name


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
    assert directives["frame-ancestors"] == ["'none'"]
    assert {source for sources in directives.values() for source in sources} == {"'none'", "'self'"}


@pytest.mark.parametrize(
    ("render", "view", "field"),
    [
        (pages.render_profile, "profile", "name"),
        (pages.render_profile, "profile", "handle"),
        (pages.render_profile, "profile", "summary"),
        (pages.render_profile, "profile", "host"),
        (pages.render_standing_offer, "offer", "title"),
        (pages.render_standing_offer, "offer", "price"),
        (pages.render_standing_offer, "offer", "least"),
        (pages.render_standing_offer, "offer", "content"),
        (pages.render_feedback, "feedback", "title"),
        (pages.render_feedback, "feedback", "standing"),
        (pages.render_feedback, "feedback", "content"),
    ],
)
def test_plain_text_from_outside_is_escaped(
    render: Callable[[Any], str], view: str, field: str, request: pytest.FixtureRequest
) -> None:
    outline = Outline(render(replace(request.getfixturevalue(view), **{field: NASTY})))
    assert not outline.all("script")
    assert NASTY in outline.text


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil.example/", "https://", "http://[", None]
)
def test_only_web_addresses_become_links(feedback: FeedbackView, address: str | None) -> None:
    html = pages.render_feedback(replace(feedback, vendor=Party("Mallory", "@m@evil.example", address)))
    assert "Mallory" in Outline(html).text
    assert not Outline(html).all("a", rel="nofollow ugc")
    assert address is None or f'href="{address}"' not in html


# --- the front page --------------------------------------------------------------------------------------


def test_front_page_lists_those_who_want_to_be_found(front: FrontView) -> None:
    outline = Outline(pages.render_front(front))
    assert outline.all("a", href="https://shop.example/@repairs")
    assert outline.all("link", rel="alternate", href="https://shop.example/actor")
    assert "@shop@shop.example" in outline.text


def test_front_page_without_accounts_says_so(front: FrontView) -> None:
    assert "Nobody here asks to be found." in Outline(pages.render_front(replace(front, accounts=()))).words


# --- profiles --------------------------------------------------------------------------------------------


def test_profile_names_its_account_and_leads_machines_to_the_actor(profile: ProfileView) -> None:
    outline = Outline(pages.render_profile(profile))
    assert outline.all("link", rel="alternate", type="application/activity+json", href=profile.actor)
    assert outline.all("link", rel="canonical", href=profile.page)
    assert "North Bicycles" in outline.text
    assert "Here since 1 October 2026." in outline.words
    assert outline.all("a", href="https://shop.example/@shop/GpuRMVDVbCJKh3mRD6c48Q")


def test_profile_of_a_vendor_tells_its_terms_in_words(profile: ProfileView) -> None:
    outline = Outline(pages.render_profile(replace(profile, terms=(*profile.terms, "urn:other:terms"))))
    assert "no sharing, no profiling" in outline.text
    assert outline.all("a", href="https://w3id.org/dpv/standards/ieee/7012#SD-BASE")
    assert "urn:other:terms" in outline.text


def test_profile_that_wants_no_search_engine_says_so(profile: ProfileView) -> None:
    assert not Outline(pages.render_profile(profile)).all("meta", name="robots")
    hidden = Outline(pages.render_profile(replace(profile, indexed=False)))
    assert hidden.all("meta", name="robots", content="noindex")


def test_profile_of_a_person_has_no_terms_and_no_offers(profile: ProfileView) -> None:
    bare = replace(profile, is_vendor=False, offers=(), terms=(), feedback=())
    words = Outline(pages.render_profile(bare)).words
    assert "Person" in words
    assert "terms that it accepts" not in words
    assert "Offers" not in words
    assert "Feedback" not in words


def test_profile_marks_feedback_that_comes_from_a_purchase(profile: ProfileView) -> None:
    html = pages.render_profile(profile)
    assert html.count("from a purchase") == 1
    assert (
        html.index("Swapped at my door") < html.index("from a purchase") < html.index("Never got an answer")
    )


def test_profile_of_a_vendor_without_anything_teaches_the_next_step(profile: ProfileView) -> None:
    words = Outline(pages.render_profile(replace(profile, offers=(), terms=(), feedback=()))).words
    assert "cast an intent to @shop@shop.example" in words
    assert "no node will send it an intent" in words
    assert "Nothing public yet." in words


# --- standing offers -------------------------------------------------------------------------------------


def test_standing_offer_shows_price_end_and_how_to_take_it(offer: StandingOfferView) -> None:
    outline = Outline(pages.render_standing_offer(offer))
    assert "1.35 EUR a litre" in outline.words
    assert "Open until 1 December 2026, 06:00 UTC" in outline.words
    assert f"obverse buy {offer.page}" in outline.text
    assert outline.all("link", rel="alternate", href=offer.object_id)
    assert "At least" in outline.text
    assert "At most" not in outline.text


def test_ended_offer_cannot_be_taken_from_its_page(offer: StandingOfferView) -> None:
    outline = Outline(pages.render_standing_offer(replace(offer, is_open=False)))
    assert "This offer has ended." in outline.words
    assert "obverse buy" not in outline.text
    assert outline.all("meta", name="robots", content="noindex")


def test_times_are_told_in_utc_wherever_they_come_from(offer: StandingOfferView) -> None:
    elsewhere = datetime(2026, 12, 1, 1, 30, tzinfo=timezone(timedelta(hours=5)))
    html = pages.render_standing_offer(replace(offer, ends_at=elsewhere))
    assert '<time datetime="2026-11-30T20:30:00Z">30 November 2026, 20:30 UTC</time>' in html


# --- feedback --------------------------------------------------------------------------------------------


def test_feedback_names_author_vendor_and_aspects(feedback: FeedbackView) -> None:
    outline = Outline(pages.render_feedback(feedback))
    assert outline.all("a", rel="author", href="https://ana.example/@ana")
    assert outline.all("a", rel="nofollow ugc", href="https://shop.example/@shop")
    assert "at my door, in a week delighted" in outline.words
    assert "price as agreed" in outline.words


def test_feedback_from_a_purchase_says_what_that_is_worth(feedback: FeedbackView) -> None:
    assert "a customer wrote this" in Outline(pages.render_feedback(feedback)).words


def test_feedback_without_proof_claims_nothing(feedback: FeedbackView) -> None:
    unproven = replace(feedback, from_a_purchase=False, standing="not shown to come from a purchase")
    outline = Outline(pages.render_feedback(unproven))
    assert "Nothing here shows that it comes from a purchase." in outline.words
    assert not outline.all("span", class_="badge good")


def test_sanitised_content_is_shown_as_it_is(feedback: FeedbackView) -> None:
    content = Markup("<p>See <a href='https://x.example/' rel='nofollow'>here</a></p>")
    assert str(content) in pages.render_feedback(replace(feedback, content=content))


def test_aspect_of_foreign_words_is_escaped(feedback: FeedbackView) -> None:
    html = pages.render_feedback(replace(feedback, aspects=(AspectLine(NASTY, NASTY, NASTY),)))
    assert not Outline(html).all("script")


# --- nothing here ----------------------------------------------------------------------------------------


def test_missing_page_tells_nothing_from_gone() -> None:
    assert "Nothing is here" in pages.render_missing(MissingView(host="h.example"))
    assert "This is gone" in pages.render_missing(MissingView(host="h.example", gone=True))


def test_pages_directory_travels_with_the_package() -> None:
    assert (Path(pages.__file__).parent / "templates" / "base.html").is_file()
