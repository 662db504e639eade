"""Write down what the two corpora of posts send: `build/corpora/venv/bin/python THIS > cases.json`.

Runs in the environment of `requirements.lock`, and imports nothing of ours: fediverse-pasture-inputs, whose
examples change members of one Note, and funfedi-parsing-test-cases, whose cases make whole activities.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from typing import Any

AS = "https://www.w3.org/ns/activitystreams"
RECEIVER = "https://v.example/actors/shop"
"""Whom all of it is sent to."""
PASTURE = "https://pasture.example/actors/pasture"
FUNFEDI = "https://funfedi.example/actors/funfedi"
PUBLISHED = "2026-11-20T10:00:00Z"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
"""Times come from the clock of the day; what follows them, zones and fractions, is part of the case."""


def main() -> int:
    cases = [*pasture_cases(), *funfedi_cases()]
    json.dump(cases, sys.stdout, ensure_ascii=False, indent=1)
    return 0


def pasture_cases() -> list[dict[str, Any]]:
    """Each example as the pasture's own runner sends it (`ActivitySender`), with ids that stay the same."""
    inputs = importlib.import_module("fediverse_pasture_inputs").available
    found = []
    for name in sorted(inputs):
        for number, example in enumerate(inputs[name].examples):
            note_id = f"https://pasture.example/object/{name}-{number}"
            note = {
                "type": "Note",
                "attributedTo": PASTURE,
                "to": [f"{AS}#Public"],
                "id": note_id,
                "published": PUBLISHED,
                "cc": [],
                **_moved(example),
            }
            note["to"] = [*note["to"], RECEIVER]
            context = [AS, {"Hashtag": "as:Hashtag", "sensitive": "as:sensitive"}]
            create = {
                "@context": note.get("@context", context) if "@context" in note else context,
                "type": "Create",
                "actor": PASTURE,
                "to": note["to"],
                "cc": [],
                "id": note_id.replace("/object/", "/activity/"),
                "published": PUBLISHED,
                "object": note,
            }
            label = json.dumps(example, ensure_ascii=False)
            found.append(
                _case(
                    "pasture",
                    name,
                    f"{number}: {label if len(label) < 300 else label[:100]}",
                    "",
                    create,
                    note_id,
                )
            )
    return found


def _moved(example: dict[str, Any]) -> dict[str, Any]:
    """The example with the pasture's host under a name that a node may reach."""
    text = json.dumps(example)
    text = text.replace("http://pasture-one-actor/actor", PASTURE)
    moved: dict[str, Any] = json.loads(text.replace("http://pasture-one-actor", "https://pasture.example"))
    return moved


def funfedi_cases() -> list[dict[str, Any]]:
    package = importlib.import_module("funfedi_parsing_test_cases")
    profile = {"type": "Person", "id": FUNFEDI, "inbox": f"{FUNFEDI}/inbox", "preferredUsername": "funfedi"}
    environment = package.Environment(sending_actor_profile=profile, receiving_actor=RECEIVER)
    found = []
    for suite in (package.activity_suite, package.event_suite, package.notes_suite, package.poll_suite):
        for group, name in suite.names:
            case = suite.retrieve(group, name)
            sent = case.maker.to_send(environment)
            activity = json.loads(_TIME.sub(PUBLISHED.removesuffix("Z"), json.dumps(sent.activity)))
            found.append(_case("funfedi", group, name, str(case.status), activity, sent.object_id))
    return found


def _case(corpus: str, group: str, name: str, status: str, activity: Any, note_id: str) -> dict[str, Any]:
    return {
        "corpus": corpus,
        "group": group,
        "name": name,
        "status": status,
        "activity": activity,
        "note": note_id,
    }


if __name__ == "__main__":
    sys.exit(main())
