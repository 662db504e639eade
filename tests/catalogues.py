"""The words of the pages and their translations: `make messages`.

Reads every text that the pages mark for translation, takes it into each language's catalogue, writes what is
compiled of it, and names what is not translated yet. A text that no page says any more is dropped.
With `--check` nothing is written.
"""

from __future__ import annotations

import gettext
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from node.web.i18n import LANGUAGES, LOCALE_DIR
from node.web.sayings import ON_PAGES
from tests.sayings import texts_of_the_domain

__all__ = [
    "KEYWORDS",
    "extracted",
    "faults",
    "is_compiled",
    "languages",
    "po_path",
    "read_catalogue",
    "updated",
    "write_catalogue",
]

WEB_DIR = LOCALE_DIR.parent
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in what is compiled, so that it changes where its texts do."""
METHODS = [("templates/**.html", "jinja2"), ("templates/**.xml", "jinja2"), ("**.py", "python")]
JINJA = {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.i18n"}
OPTIONS = {"templates/**.html": JINJA, "templates/**.xml": JINJA}
KEYWORDS = {
    "_": None,
    "N_": None,
    "words": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|%%|\{\w+\}")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def languages() -> tuple[str, ...]:
    """Those that have a catalogue: all but the source."""
    return tuple(LANGUAGES)[1:]


def po_path(language: str) -> Path:
    return LOCALE_DIR / language / "LC_MESSAGES" / "messages.po"


def extracted(root: Path = WEB_DIR) -> Catalog:
    """Every text that modules and templates under a directory mark, with the files that say it.

    With those of the pages come those of the domain that pages show.
    """
    found = Catalog(project="obverse")
    for name, _, message, comments, context in extract_from_dir(
        root, METHODS, OPTIONS, KEYWORDS, comment_tags=("Note:",), strip_comment_tags=True
    ):
        found.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    for said in texts_of_the_domain() if root == WEB_DIR else ():
        if said.text not in ON_PAGES:
            found.add(said.text, None, [(said.module, 0)])
    return found


def read_catalogue(language: str) -> Catalog:
    with po_path(language).open("rb") as source:
        catalogue = read_po(source, locale=language)
    catalogue.creation_date = catalogue.revision_date = NO_TIME
    return catalogue


def updated(language: str, source: Catalog) -> Catalog:
    """The catalogue with exactly the texts of the source, in a fixed order; new ones are empty."""
    old = read_catalogue(language)
    new = Catalog(locale=language, project="obverse", header_comment=old.header_comment)
    for message in sorted(source, key=lambda message: (_source(message), message.context or "")):
        if message.id:
            known = old.get(message.id, message.context)
            same_kind = known is not None and known.pluralizable == message.pluralizable
            new.add(
                message.id,
                known.string if known is not None and same_kind else None,
                message.locations,
                flags=message.flags,
                auto_comments=message.auto_comments,
                user_comments=known.user_comments if known is not None else (),
                context=message.context,
            )
    return new


def write_catalogue(language: str, catalogue: Catalog) -> None:
    """The `.po`, without times or addresses, so that it changes where its texts do; the `.mo` beside it."""
    text = io.BytesIO()
    write_po(text, catalogue, width=110, omit_header=True, include_lineno=False)
    path = po_path(language)
    path.write_text(f"{_header(catalogue)}\n{text.getvalue().decode()}", encoding="utf-8")
    with path.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_catalogue(language))


def _header(catalogue: Catalog) -> str:
    return (
        f"{catalogue.header_comment}\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale_identifier}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n'
    )


def is_compiled(language: str) -> bool:
    """Whether the `.mo` says what the `.po` says."""
    compiled = io.BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    with po_path(language).with_suffix(".mo").open("rb") as there:
        return _texts(gettext.GNUTranslations(there)) == _texts(gettext.GNUTranslations(compiled))


def _texts(translations: gettext.GNUTranslations) -> object:
    everything = translations._catalog  # type: ignore[attr-defined]  # plurals included
    return {source: text for source, text in everything.items() if source}  # without the header's times


# --- what is wrong ----------------------------------------------------------------------------------------


def faults(language: str, source: Catalog) -> list[str]:
    """What stands between a catalogue and a whole translation, each in a line."""
    catalogue = read_catalogue(language)
    found = []
    for message in source:
        if not message.id:
            continue
        there = catalogue.get(message.id, message.context)
        if there is None or not all(_forms(there)):
            found.append(f"not translated: {_source(message)!r} ({_places(message)})")
        else:
            found += [f"{why}: {_source(message)!r}" for why in _wrong(there)]
    known = {(_source(message), message.context) for message in source}
    found += [
        f"said nowhere any more: {_source(message)!r}"
        for message in catalogue
        if message.id and (_source(message), message.context) not in known
    ]
    return found


def _wrong(message: Message) -> Iterator[str]:
    if message.fuzzy:
        yield "fuzzy"
    sources = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    marks = [_marks(text) for text in sources]
    for form, expected in zip(_forms(message), [marks[0], *marks[1:] * 9], strict=False):
        if _marks(form) not in (expected, *marks):
            yield f"other placeholders in {form!r}"
        if sorted(_TAG.findall(form)) != sorted(_TAG.findall(sources[-1])):
            yield f"other markup in {form!r}"
        if (form[:1].isspace(), form[-1:].isspace()) != (sources[0][:1].isspace(), sources[0][-1:].isspace()):
            yield f"other space around {form!r}"


def _marks(text: str) -> list[str]:
    return sorted(match[0] for match in _PLACEHOLDER.finditer(text))


def _forms(message: Message) -> tuple[str, ...]:
    string = message.string
    return tuple(string) if isinstance(string, tuple | list) else (string or "",)


def _source(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _places(message: Message) -> str:
    return ", ".join(sorted({name for name, _ in message.locations}))


def main(arguments: list[str]) -> int:
    source = extracted()
    wrong = 0
    for language in languages():
        if "--check" not in arguments:
            write_catalogue(language, updated(language, source))
        found = faults(language, source)
        wrong += len(found)
        for line in found:
            print(f"{language}: {line}")
        texts = sum(1 for message in source if message.id)
        print(f"{language}: {texts} texts, {len(found)} to do ({po_path(language).relative_to(WEB_DIR)})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
