"""`python -m tests.interop.table`: run the corpora, and write down what is shown of each post.

Two things are written: `corpora/shown.json`, case by case, and the table of FEDERATION.md between its marks.
`--check` writes nothing and ends with 1 where either is not what a run gives.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import anyio

from tests.interop.corpora.running import Outcome, load_cases, run_cases

__all__ = ["BEGIN", "END", "FEDERATION", "SHOWN", "as_written", "section", "table_of", "written"]

SHOWN = Path(__file__).parent / "corpora" / "shown.json"
FEDERATION = Path(__file__).parents[2] / "FEDERATION.md"
BEGIN, END = "<!-- shown:begin -->", "<!-- shown:end -->"
Written = dict[str, dict[str, dict[str, Any]]]
"""Case by case: set, then case, then what is shown."""

TITLES = {
    "pasture/attachments": "attachments: pictures, sounds, films, files, links",
    "pasture/attributed_to": "`attributedTo` in every shape",
    "pasture/content_warnings": "`sensitive` and `summary`",
    "pasture/context": "`@context` in every shape",
    "pasture/hashtag_jsonld": "hashtags by other names",
    "pasture/hashtags": "hashtags",
    "pasture/html_anchor": "links in HTML",
    "pasture/html_bad": "tags that nobody should send",
    "pasture/html_tags": "tags in a Note",
    "pasture/html_tags_article": "tags in an Article",
    "pasture/html_tags_summary": "tags in `summary`",
    "pasture/image_attachments": "pictures in every shape",
    "pasture/image_description": "alt texts",
    "pasture/in_reply_to": "`inReplyTo` in every shape",
    "pasture/language": "`content` and `contentMap`",
    "pasture/mentions": "mentions",
    "pasture/necessary_properties": "members left out",
    "pasture/object_types": "types of objects",
    "pasture/public_addressing": "spellings of the public",
    "pasture/quotes": "quotes by each of their names",
    "pasture/recommended_attachments": "media as FEP-1311 recommends",
    "pasture/url": "`url` in every shape",
    "funfedi/activity_context": "`@context` of an activity",
    "funfedi/announce_create": "`Announce` of a `Create`",
    "funfedi/create_activity": "members of a `Create` left out, null or listed",
    "funfedi/create_to_cc": "`to` and `cc` in every shape",
    "funfedi/events": "events",
    "funfedi/necessary_properties": "members of an event left out",
    "funfedi/necessary_properties_notes": "members of a Note left out",
    "funfedi/necessary_properties_polls": "members of a poll left out",
    "funfedi/number_of_options_poll": "polls with 1 to 100 options",
    "funfedi/polls": "polls",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.interop.table", description=__doc__)
    parser.add_argument("--check", action="store_true")
    is_check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as directory:
        outcomes = anyio.run(run_cases, load_cases(), Path(directory))
    found = as_written(outcomes)
    text = FEDERATION.read_text("utf-8")
    wanted = text.replace(f"{BEGIN}{section(text)}{END}", f"{BEGIN}{table_of(found)}{END}")
    is_current = found == written() and text == wanted
    if not is_check:
        SHOWN.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        FEDERATION.write_text(wanted, "utf-8")
    print("as written" if is_current else "not as it was written")
    return 0 if is_current or not is_check else 1


def as_written(outcomes: Iterable[Outcome]) -> Written:
    """What is kept of a run."""
    found: Written = {}
    for outcome in outcomes:
        case = outcome.case
        found.setdefault(f"{case.corpus}/{case.group}", {})[case.name] = outcome.shown
    return found


def written() -> Written:
    """What an earlier run gave."""
    kept: Written = json.loads(SHOWN.read_text("utf-8")) if SHOWN.exists() else {}
    return kept


def section(text: str) -> str:
    """What stands between the markers, line ends included."""
    return text.split(BEGIN, 1)[1].split(END, 1)[0]


def table_of(found: Written) -> str:
    """The section of FEDERATION.md: each set in a row, then each piece of HTML that is shown as another."""
    sent = sum(len(cases) for cases in found.values())
    shown = sum("not" not in outcome for cases in found.values() for outcome in cases.values())
    lines = [
        "",
        "",
        f"{sent} posts of fediverse-pasture-inputs 0.3.0 and funfedi-parsing-test-cases 0.1.7,",
        f"sent to an inbox; {shown} are shown.",
        "",
        "| Posts | Sent | Shown | Not shown |",
        "|---|--:|--:|---|",
        *(_row(name, cases) for name, cases in found.items()),
        "",
        "What is shown of HTML, where it is not what was sent:",
        "",
        "| Sent | Shown |",
        "|---|---|",
        *_html_rows(found["pasture/html_tags"]),
        "",
        "",
    ]
    return "\n".join(lines)


def _row(name: str, cases: dict[str, dict[str, Any]]) -> str:
    reasons: dict[str, list[str]] = {}
    for case, outcome in cases.items():
        if "not" in outcome:
            reasons.setdefault(outcome["not"].removesuffix(" is shown"), []).append(case)
    missing = "; ".join(_reason(why, names) for why, names in reasons.items())
    shown = len(cases) - sum(len(names) for names in reasons.values())
    return f"| {TITLES[name]} | {len(cases)} | {shown} | {missing} |"


def _reason(why: str, names: list[str]) -> str:
    is_named = all(len(name) < 30 for name in names)
    return f"{', '.join(names)}: {why}" if is_named else why


def _html_rows(cases: dict[str, dict[str, Any]]) -> Iterator[str]:
    for case, outcome in cases.items():
        sent = json.loads(case.partition(": ")[2])["content"]
        shown = outcome.get("content", "").replace(' rel="nofollow noopener"', "")
        if sent.replace("'", '"') != shown:
            yield f"| {_code(sent)} | {_code(shown) if shown else 'nothing'} |"


def _code(text: str) -> str:
    return f"`` {' '.join(text.split())} ``".replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
