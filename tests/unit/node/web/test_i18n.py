"""Languages: who gets which, and that every text of the pages is there in each of them."""

from __future__ import annotations

import re
from datetime import UTC
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from jinja2 import nodes

from node.web import i18n
from node.web.i18n import LANGUAGES, TAGS, choose_locale, find_zone, locale_for, preferred_tag, words_in
from node.web.templating import TEMPLATE_DIR, TEMPLATES
from tests import catalogues

# The style guide shows specimens to those who build pages; its words are read by nobody else.
FOR_BUILDERS = {"styleguide.html"}
PAGES = sorted(
    name
    for path in TEMPLATE_DIR.rglob("*.*ml")
    if (name := path.relative_to(TEMPLATE_DIR).as_posix()) not in FOR_BUILDERS
)


# --- who gets which --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de-AT"),
        ("de-BE", "de"),
        ("de-Latn-AT-1996", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en-US"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("en;q=0.3 , de ; q=0.7", "de"),
        ("de;q=2", "en"),
        ("de;q=x,,;,\x00", "en"),
        ("x" * 5000 + ",de", "en"),
        (",".join(["fr"] * 30) + ",de", "en"),
    ],
)
def test_browser_gets_the_language_that_it_asks_for_most(header: str | None, tag: str) -> None:
    assert preferred_tag(header) == tag


def test_setting_of_the_viewer_goes_before_what_the_browser_asks_for() -> None:
    assert choose_locale("de", "en").tag == "de"
    assert choose_locale(None, "de-CH", "Europe/Zurich") == locale_for("de-CH", "Europe/Zurich")
    assert choose_locale("", "de").language == "de"


def test_old_or_strange_settings_stand_in_nobodys_way() -> None:
    assert locale_for("tlh", "Mars/Olympus") == i18n.Locale("en", UTC)


@pytest.mark.parametrize(
    "name", ["", "Nowhere/At_All", "../../etc/passwd", "Europe", "/etc/localtime", "a\x00b"]
)
def test_what_is_no_zone_is_none(name: str) -> None:
    assert find_zone(name) is None


def test_zone_is_found_by_its_name() -> None:
    assert find_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_has_words_and_formats(tag: str) -> None:
    locale = locale_for(tag)
    assert locale.words.language in LANGUAGES
    assert locale.formats.language == locale.language


# --- what a text is called -------------------------------------------------------------------------------


def test_words_put_values_in_after_the_translation() -> None:
    words = words_in("en")
    assert words("%(n)s of %(all)s", n=2, all=9) == "2 of 9"
    assert words("100 %") == "100 %"
    assert words("") == ""
    assert words.ngettext("%(num)s offer", "%(num)s offers", 1) == "1 offer"
    assert words.ngettext("%(num)s offer", "%(num)s offers", 3) == "3 offers"
    assert words.pgettext("button", "Open") == "Open"
    assert words.npgettext("button", "%(num)s shop", "%(num)s shops", 2) == "2 shops"


def test_german_is_said_in_german() -> None:
    assert words_in("de")("just now") == "gerade eben"
    assert words_in("de")("said nowhere in the pages") == "said nowhere in the pages"


# --- the catalogues --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def source() -> Catalog:
    return catalogues.extracted()


@pytest.mark.parametrize("language", catalogues.languages())
def test_every_text_of_the_pages_is_translated(language: str, source: Catalog) -> None:
    assert catalogues.faults(language, source) == [], "run `make messages`, then translate what it names"


@pytest.mark.parametrize("language", catalogues.languages())
def test_what_is_compiled_says_what_the_catalogue_says(language: str) -> None:
    assert catalogues.is_compiled(language), "run `make messages`"


def test_languages_are_those_that_have_a_catalogue() -> None:
    assert {path.name for path in i18n.LOCALE_DIR.iterdir() if path.is_dir()} == set(catalogues.languages())


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('msgid "Accept"\nmsgstr ""', "not translated"),
        ('#, fuzzy\nmsgid "Accept"\nmsgstr "Annehmen"', "fuzzy"),
        ('msgid "Gone"\nmsgstr "Weg"\n\nmsgid "Accept"\nmsgstr "Annehmen"', "said nowhere"),
    ],
)
def test_faulty_catalogue_is_found(
    entry: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Catalog()
    wanted.add("Accept")
    assert fault in " ".join(_faults(entry, wanted, tmp_path, monkeypatch))


@pytest.mark.parametrize(
    ("text", "translation", "fault"),
    [
        ("%(n)s offers", "%(anzahl)s Angebote", "other placeholders"),
        ("%(n)s offers", "Angebote", "other placeholders"),
        ("{n} left", "noch {m}", "other placeholders"),
        ("Go <b>on</b>", "Geh weiter", "other markup"),
        ("Go on", "Geh <script>weiter</script>", "other markup"),
        ("from ", "von", "other space"),
    ],
)
def test_translation_that_says_something_else_is_found(
    text: str, translation: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Catalog()
    wanted.add(text)
    entry = f'msgid "{text}"\nmsgstr "{translation}"'
    assert fault in " ".join(_faults(entry, wanted, tmp_path, monkeypatch))


def _faults(entry: str, wanted: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    header = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path = tmp_path / "messages.po"
    path.write_text(f"{header}{entry}\n", encoding="utf-8")
    monkeypatch.setattr(catalogues, "po_path", lambda language: path)
    return catalogues.faults("de", wanted)


# --- the templates ---------------------------------------------------------------------------------------

NAMES_OF_OURS = {"Obverse", "ActivityPub", "Atom"}
SPOKEN_ATTRIBUTES = {
    "alt",
    "aria-label",
    "aria-description",
    "aria-valuetext",
    "label",
    "placeholder",
    "title",
}
SILENT_ELEMENTS = {"script", "style", "code", "kbd"}
# Blocks of a template that fill in attributes, such as classes.
SILENT_BLOCKS = {"theme", "wide"}
VALUE = "\x01"
# A macro may write attributes alone, for a tag that its caller opens.
ATTRIBUTES = re.compile(r'[\w-]+="[^"]*"?|^-[a-z]+$')


@pytest.mark.parametrize("page", PAGES)
def test_template_says_nothing_outside_gettext(page: str) -> None:
    text, _, _ = TEMPLATES.loader.get_source(TEMPLATES, page)  # type: ignore[union-attr]
    assert unmarked(text) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello {{ name }}</p>", ["Hello"]),
        ('<p title="Hello">{{ name }}</p>', ["Hello"]),
        ('<p title="{{ _("Hello") }}">{{ _("Hello") }}: {% trans %}<b>You</b>{% endtrans %}</p>', []),
        ('{{ "Vendor" if who else "Person" }}', ["Vendor", "Person"]),
        ('{% set word = "Hello there" %}{{ word }}', ["Hello there"]),
        ('<p class="{{ "good" if x else "bad" }}">1 &middot; 2</p>', []),
        (
            '{% extends "base.html" %}{% block wide %} narrow{% endblock %}{% block main %}Hi{% endblock %}',
            ["Hi"],
        ),
        ("<code>obverse buy</code> <title>Obverse</title>", []),
    ],
)
def test_text_outside_gettext_is_found(template: str, found: list[str]) -> None:
    assert unmarked(template) == found


def unmarked(template: str) -> list[str]:
    """The texts of a template that a reader of another language would get in English."""
    tree = TEMPLATES.parse(template)
    spoken = _Spoken()
    silent = {
        id(output)
        for block in tree.find_all(nodes.Block)
        if block.name in SILENT_BLOCKS
        for output in block.find_all(nodes.Output)
    }
    for output in tree.find_all(nodes.Output):
        for part in output.nodes if id(output) not in silent else ():
            spoken.feed(part.data if isinstance(part, nodes.TemplateData) else VALUE)
    spoken.close()
    said = [
        text for text in spoken.said if any(char.isalpha() for char in text) and text not in NAMES_OF_OURS
    ]
    return said + [text for text in _constants(tree) if _reads_like_words(text)]


def _constants(tree: nodes.Template) -> list[str]:
    """Constant texts that may be shown: what `{{ }}` and `{% set %}` choose from, but no arguments."""
    found: list[str] = []
    shown: list[nodes.Node] = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    shown += [assigned.node for assigned in tree.find_all(nodes.Assign)]
    while shown:
        part = shown.pop(0)
        if isinstance(part, nodes.Const) and isinstance(part.value, str):
            found.append(part.value)
        elif isinstance(part, nodes.CondExpr):
            shown += [branch for branch in (part.expr1, part.expr2) if branch is not None]
        elif isinstance(part, nodes.Concat):
            shown += part.nodes
        elif isinstance(part, nodes.Or | nodes.And | nodes.Add):
            shown += [part.left, part.right]
    return found


def _reads_like_words(text: str) -> bool:
    """A capital or a space between words: classes and names of fields have neither."""
    stripped = text.strip()
    return stripped[:1].isupper() or (
        " " in stripped and not stripped.startswith(("/", "M")) and "=" not in text
    )


class _Spoken(HTMLParser):
    """What a page says: its text, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        spoken = {name: value for name, value in attrs if value}
        is_description = str(spoken.get("name", spoken.get("property"))).endswith(("description", "title"))
        for name, value in spoken.items():
            if name in SPOKEN_ATTRIBUTES or (name == "content" and tag == "meta" and is_description):
                self._say(value)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if not SILENT_ELEMENTS.intersection(self._open):
            self._say(ATTRIBUTES.sub("", data))

    def _say(self, text: str | None) -> None:
        parts = (ATTRIBUTES.sub("", part.strip()) for part in (text or "").split(VALUE))
        self.said += [part for part in parts if part]
