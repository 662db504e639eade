"""HTML of strangers: what people wrote stays, what does something goes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.wire.html import clean_html, html_of, plain_text

LINK = 'rel="nofollow noopener"'

SIGNS = [
    "script",
    "onerror",
    "onload",
    "<img",
    "<svg",
    "javascript:",
    "data:",
    "href=",
    "style",
    "class=",
    "<form",
    "<iframe",
    "<button",
    "<!--",
]


@pytest.mark.parametrize(
    "harmless",
    [
        "<p>one<br>two</p>",
        '<ul><li>a</li></ul><ol start="3"><li value="4">b</li></ol>',
        "<blockquote><p><em>x</em> <strong>y</strong> <del>z</del> <code>w</code></p></blockquote>",
        '<span class="h-card">bob</span>',
    ],
)
def test_ordinary_markup_stays(harmless: str) -> None:
    assert clean_html(harmless) == harmless


def test_link_stays_without_vouching_for_where_it_leads() -> None:
    cleaned = clean_html('<a href="https://shop.example/" class="u-url mention evil" onclick="x()">shop</a>')
    assert 'href="https://shop.example/"' in cleaned
    assert 'rel="nofollow noopener"' in cleaned
    assert 'class="u-url mention"' in cleaned
    assert "onclick" not in cleaned


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,alert(1)">x</a>',
        '<a href="/actors/ana/delete">x</a>',
        '<iframe src="https://evil.example"></iframe>',
        '<p style="position:fixed">x</p>',
        '<p class="modal">x</p>',
        '<span class="admin-only">x</span>',
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        '<form action="/accept"><button>x</button></form>',
        "<!-- <script>alert(1)</script> -->",
    ],
)
def test_what_runs_loads_or_disguises_goes(hostile: str) -> None:
    cleaned = clean_html(hostile)
    assert not [sign for sign in SIGNS if sign in cleaned]


def test_endless_text_is_cut() -> None:
    assert len(clean_html("x" * 1_000_000)) == 20_000


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\ntwo\nthree"),
        ("<p>5 &lt; 6 &amp; 7</p>", "5 < 6 & 7"),
        ("<script>alert(1)</script>plain", "plain"),
        ("&lt;script&gt;", "<script>"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
    ],
)
def test_words_are_taken_out_line_by_line(markup: str, words: str) -> None:
    assert plain_text(markup) == words


def test_words_become_paragraphs_and_breaks() -> None:
    assert html_of('one\ntwo\n\n3 < 4 & "five"') == '<p>one<br>two</p><p>3 &lt; 4 &amp; "five"</p>'
    assert html_of("  ") == "<p></p>"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1))
def test_words_made_into_html_come_out_again(words: str) -> None:
    assert plain_text(html_of(words)) == words
    assert "<script" not in html_of(words)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_html(text)
    assert clean_html(once) == once


def test_a_carriage_return_that_came_as_a_reference_is_a_line_feed_to_the_first_reader_too() -> None:
    assert clean_html("a&#xd;b&#13;&#10;c") == "a\nb\nc"


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<h1>A</h1>x<H3 class=y>b</H3>", "<p><strong>A</strong></p>x<p><strong>b</strong></p>"),
        ("<div><p>a</p></div><div>b</div>", "<p>a</p><p>b</p>"),
        ("<s>9.00</s> 8.00", "<del>9.00</del> 8.00"),
        ("a<hr>b", "a<br>b"),
        (
            '<img src="https://m.example/c.png" alt="a cow">',
            f'<a href="https://m.example/c.png" {LINK}>a cow</a>',
        ),
        (
            "<audio controls src=https://m.example/moo.mp3></audio>",
            f'<a href="https://m.example/moo.mp3" {LINK}>https://m.example/moo.mp3</a>',
        ),
        ('so <img class="emoji" alt=":blobcat:" src="https://m.example/e.png">', "so :blobcat:"),
        ("<img src='javascript:alert(1)' alt='<script>x'>", "&lt;script&gt;x"),
        ("<img src='/actors/ana/log-out' alt='x'>", "x"),
    ],
)
def test_what_has_no_place_says_what_it_says_in_tags_that_have(markup: str, shown: str) -> None:
    assert clean_html(markup) == shown


def test_cells_of_a_table_do_not_run_into_each_other() -> None:
    table = "<table><tr><th>bike</th><td>289</td></tr><tr><td>bell</td><td>9</td></tr></table>"
    assert [line.split() for line in plain_text(table).split("\n")] == [["bike", "289"], ["bell", "9"]]


def test_a_picture_cannot_break_out_of_the_link_that_it_becomes() -> None:
    cleaned = clean_html("""<img src='https://m.example/"onmouseover="alert(1)' alt='"><b onclick=x>'>""")
    assert cleaned.count("<a ") == 1
    assert "<b" not in cleaned
    assert cleaned.partition(">")[0].count('"') == 4


def test_a_link_that_shows_another_host_before_its_own_leads_nowhere() -> None:
    for address in (
        "https://bank.example@m.example/",
        "HTTPS:\\\\bank.example@m.example/",
        "ht\ntps:/&#10;/bank.example@m.example/",
    ):
        assert "href" not in clean_html(f'<a href="{address}">x</a>')
    assert "href" in clean_html('<a href="https://m.example/@bob">x</a>')


def test_an_address_is_written_as_browsers_read_it() -> None:
    assert 'href="https://m.example/"' in clean_html('<a href="ht\ntps://m.exa&#9;mple/">x</a>')


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "ul><li", "b><p", "a href=x", "font"])
def test_a_hundred_thousand_nested_tags_keep_their_words_and_not_their_depth(tag: str) -> None:
    """A page that shows it must not be nested deeper than a browser or a reader follows."""
    bomb = f"<{tag}>" * 100 + "words" + f"<{tag}>" * 100_000
    cleaned = clean_html(bomb)
    assert "words" in plain_text(bomb)
    assert depth_of(cleaned) <= 64
    assert len(cleaned) < 80_000


def test_deep_nesting_that_is_in_order_is_flattened_too() -> None:
    assert depth_of(clean_html("<b>" * 64 + "words" + "</b>" * 64)) == 64
    assert clean_html("<b>" * 65 + "words" + "</b>" * 65) == "<p>words</p>"


def test_tags_that_overlap_or_never_end_do_not_multiply() -> None:
    for bomb in ("<p><b><i><u><code><em>" * 300 + "words", "<p>words" * 1_500):
        cleaned = clean_html(bomb)
        assert cleaned.count("<") <= 2_000
        assert "words" in cleaned


def test_the_last_tags_of_too_many_are_cut_with_what_follows() -> None:
    cleaned = clean_html("<p>kept</p>" * 1_000 + "<p>cut</p>")
    assert clean_html(cleaned) == cleaned
    assert (cleaned.count("kept"), cleaned.count("cut")) == (1_000, 0)


@pytest.mark.parametrize(
    "tangled",
    [
        "<p><button>x<p>y",
        "<p><select>x<blockquote>y",
        "<p><object>x<ul><li>y",
        "<a href='https://m.example/'><object>x<a href='https://m.example/'>y",
        "<template><p>a<ul><p>b",
    ],
)
def test_what_is_left_of_a_tangle_is_read_by_the_next_reader_as_it_stands(tangled: str) -> None:
    once = clean_html(tangled)
    assert clean_html(once) == once


def depth_of(cleaned: str) -> int:
    deepest = depth = 0
    for tag in re.findall(r"</?[a-z]+", cleaned.replace("<br>", "")):
        depth += -1 if tag.startswith("</") else 1
        deepest = max(deepest, depth)
    return deepest
