"""Writes down what a Fedify server sends, for the tests of our readers: `python -m tests.interop.capture`.

Everything is what that server really said; only addresses with their ports become ones that mean nothing
here, so that signatures inside no longer hold. Run it again when the library or its users say something new.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from federation.messages import JsonObject
from node.demo.neighbour import Neighbour, find_runtime
from tests.e2e.conftest import free_rows
from tests.interop.peers import SET_UPS, Street, open_street

__all__ = ["FOLDER", "OURS", "THEIRS", "capture"]

FOLDER = Path(__file__).with_name("captured") / "fedify"
OURS, THEIRS = "https://shop.example", "https://fedi.example"
SET_UP = "newest"


def capture(street: Street) -> dict[str, JsonObject]:
    """Everything that its users do towards a shop, by the name of the act; and how they are to be read."""
    fedify, shop = street.neighbour(SET_UP), street.shop
    item = shop.ask("catalogue.list", search="ball", limit=1)["items"][0]
    offer = str(shop.ask("post.add", sku=item["sku"])["id"])
    found = {name: _done(fedify, act, args) for name, act, args in _acts(shop.handle, offer)}
    found |= _said(fedify, shop.handle)
    for name, path in (("actor", "/users/mia"), ("followers", "/users/mia/followers")):
        found[f"document-{name}"] = json.loads(fedify.act("fetch", url=fedify.plan.origin + path)["text"])
    return {name: _moved(body, street, fedify) for name, body in found.items()}


def _acts(shop: str, offer: str) -> list[tuple[str, str, dict[str, object]]]:
    """(name, act, what is said) of everything that stands by itself, in its order."""
    picture = [{"url": "https://fedi.example/picture.png", "alt": "A dot"}]
    poll = {"text": "Which?", "choices": ["Red", "Blue"]}
    return [
        ("follow", "follow", {"whom": shop}),
        ("note-public", "post", {"text": "Hello", "mentions": [shop], "hashtags": ["bicycles"]}),
        ("note-unlisted", "post", {"text": "Hello", "mentions": [shop], "visibility": "unlisted"}),
        ("note-followers", "post", {"text": "Hello", "mentions": [shop], "visibility": "followers"}),
        (
            "note-direct",
            "post",
            {"text": "How much?\n\nFor two.", "mentions": [shop], "visibility": "direct"},
        ),
        ("note-reply", "post", {"text": "Still there?", "mentions": [shop], "replyTo": offer}),
        ("note-language", "post", {"text": "Guten Tag", "mentions": [shop], "language": "de"}),
        ("note-warned", "post", {"text": "Broken", "mentions": [shop], "summary": "A broken bicycle"}),
        ("note-picture", "post", {"text": "Look", "mentions": [shop], "images": picture}),
        ("note-quote", "post", {"text": "This one", "mentions": [shop], "quote": offer}),
        ("question", "post", {**poll, "mentions": [shop]}),
        ("like", "like", {"what": offer}),
        ("announce", "announce", {"what": offer}),
        ("unfollow", "unfollow", {"whom": shop}),
        ("block", "block", {"whom": shop}),
    ]


def _said(fedify: Neighbour, shop: str) -> dict[str, JsonObject]:
    """What becomes of something said: it is changed, and taken back."""
    said = fedify.act("post", user="ben", text="Is it red?", mentions=[shop])["id"]
    edited = _done(fedify, "edit", {"user": "ben", "id": said, "text": "Is it blue?"})
    deleted = _done(fedify, "delete", {"user": "ben", "id": said})
    return {"edit": edited, "delete": deleted}


def _done(fedify: Neighbour, act: str, args: dict[str, object]) -> JsonObject:
    before = _sent(fedify)
    fedify.act(act, **{"user": "mia", **args})
    bodies = _sent(fedify)[len(before) :]
    assert len(bodies) == 1, f"{act} was to be one message, and was {len(bodies)}"
    return bodies[0]


def _sent(fedify: Neighbour) -> list[JsonObject]:
    return [json.loads(line["body"]) for line in fedify.act("wire")["sent"] if line["method"] == "POST"]


def _moved(body: JsonObject, street: Street, fedify: Neighbour) -> JsonObject:
    text = json.dumps(body)
    for real, meant in ((street.shop.url, OURS), (fedify.plan.origin, THEIRS)):
        text = text.replace(real, meant).replace(
            real.removeprefix("https://"), meant.removeprefix("https://")
        )
    moved: JsonObject = json.loads(text)
    return moved


def main() -> None:
    """Refresh the folder. Names what is missing where Node.js or the library are not here."""
    runtime = find_runtime()
    if runtime is None:
        raise SystemExit("This needs Fedify and Node.js of version 22 or newer: make fediverse")
    ports = next(free_rows())[: 2 + len(SET_UPS)]
    with tempfile.TemporaryDirectory() as home, open_street(Path(home), ports, runtime) as street:
        captured = capture(street)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, body in captured.items():
        text = json.dumps(body, indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    print(f"{len(captured)} documents in {FOLDER}")


if __name__ == "__main__":
    main()
