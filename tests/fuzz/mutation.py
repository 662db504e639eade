"""How one value is made into a worse one: structure first, so that what comes out is still read.

Bytes that are flipped at random die in the parser. Most faults lie behind it, and are met by documents that
are whole but hold something else, elsewhere, twice, or not at all.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.fuzz.nasty import LONG, NUMBERS, ODD_JSON, TEXTS, TOKENS, VALUES

__all__ = ["mutate_bytes", "mutate_json", "mutate_text"]

Path = tuple[str | int, ...]
MOST_CHARS = 300_000
"""Just more than an inbox takes."""


# --- documents ---------------------------------------------------------------------------------------------


def mutate_json(
    value: Any, rng: Random, *, donors: Sequence[Any] = (), most: int = 3, keep: float = 0.9
) -> Any:
    """A copy of a document with one to `most` changes.

    Shapes: `donors` are documents whose parts may be put into this one (another deal's id, another's date).
            `keep` is how probably what the sender is known by stays as it is: a message whose actor is gone
            only ever shows that it is refused.
    """
    changed = copy.deepcopy(value)
    kept = {"@context", "id", "actor", "to", "type"} if rng.random() < keep else set()
    for _ in range(rng.randint(1, most)):
        paths = [path for path in _paths(changed) if path and not _is_kept(path, kept)]
        if not paths:
            return changed
        path = rng.choice(paths)
        changed = _change(changed, path, rng, donors)
    return changed


def _is_kept(path: Path, kept: set[str]) -> bool:
    return bool(kept) and ((len(path) == 1 and path[0] in kept) or "@context" in path)


def _paths(value: Any, prefix: Path = ()) -> list[Path]:
    found: list[Path] = [prefix]
    if isinstance(value, dict):
        for name, item in value.items():
            found += _paths(item, (*prefix, name))
    elif isinstance(value, list):
        for index, item in enumerate(value[:50]):
            found += _paths(item, (*prefix, index))
    return found


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _change(document: Any, path: Path, rng: Random, donors: Sequence[Any]) -> Any:
    parent, last = _at(document, path[:-1]), path[-1]
    value = parent[last]
    match rng.randrange(12):
        case 0:
            del parent[last]
        case 1 | 2:
            parent[last] = copy.deepcopy(rng.choice(VALUES))
        case 3:
            parent[last] = [value] if rng.random() < 0.5 else [value, copy.deepcopy(value)]
        case 4:
            parent[last] = rng.choice(({"id": value}, {"type": "Object", "id": value}, {"@value": value}))
        case 5:
            _swap(document, parent, last, rng)
        case 6:
            _donate(parent, last, rng, donors)
        case 7:
            _rename(parent, last, rng)
        case 8:
            parent[last] = _grown(value, rng)
        case _:
            parent[last] = _varied(value, rng)
    return document


def _swap(document: Any, parent: Any, last: str | int, rng: Random) -> None:
    """Another part of the same document stands here too."""
    parent[last] = copy.deepcopy(_at(document, rng.choice(_paths(document)[1:])))


def _donate(parent: Any, last: str | int, rng: Random, donors: Sequence[Any]) -> None:
    """The same place of another document, or any part of it."""
    if not donors:
        return
    donor = rng.choice(donors)
    places = _paths(donor)[1:]
    same = [place for place in places if place[-1] == last]
    if places:
        parent[last] = copy.deepcopy(_at(donor, rng.choice(same or places)))


def _rename(parent: Any, last: str | int, rng: Random) -> None:
    """A member under another name, or an item somewhere else."""
    value = parent[last]
    if isinstance(parent, list):
        rng.shuffle(parent)
        return
    name = str(last)
    other = rng.choice((f"obv:{name}", f"as:{name}", f"@{name}", name.upper(), name + " ", f"{name}Map", ""))
    if rng.random() < 0.5:
        del parent[last]
    parent[other] = value


def _grown(value: Any, rng: Random) -> Any:
    """Much of it, wide or deep."""
    times = rng.choice((10, 100, 1000))
    if isinstance(value, list):
        return value * min(times, max(1, 4000 // max(1, len(value))))
    if isinstance(value, dict):
        if rng.random() < 0.5:
            return {**value, **{f"x{number}": None for number in range(times)}}
        for _ in range(min(times, 24)):
            value = {"object": value}
        return value
    if isinstance(value, str):
        return ((value or "a") * times)[:MOST_CHARS]
    return [value] * times


def _varied(value: Any, rng: Random) -> Any:
    """Nearly the same."""
    if isinstance(value, str):
        if value[:1] in "{[" and rng.random() < 0.7:
            return _varied_inner(value, rng)
        return mutate_text(value, rng)
    if isinstance(value, bool):
        return rng.choice((not value, str(value), int(value)))
    if isinstance(value, int | float):
        return rng.choice((value + 1, -value, str(value), value * 10**6, *NUMBERS))
    if isinstance(value, list):
        return rng.choice(([], value[::-1], value[:1], value + value[:1], [*value, None], [value]))
    if isinstance(value, dict):
        name = rng.choice(("id", "type", "x", "proof", "@context", "to", "cc", "@id", "@type", "content"))
        return {**value, name: copy.deepcopy(rng.choice(VALUES))}
    return rng.choice(VALUES)


def _varied_inner(text: str, rng: Random) -> str:
    """JSON within a string is a document as well."""
    try:
        inner = json.loads(text)
    except ValueError:
        return mutate_text(text, rng)
    if rng.random() < 0.2:
        return rng.choice(ODD_JSON)
    changed = mutate_json(inner, rng, most=2, keep=0.5) if isinstance(inner, dict) else rng.choice(VALUES)
    try:
        return json.dumps(changed)
    except ValueError:
        return text


# --- text --------------------------------------------------------------------------------------------------


def mutate_text(text: str, rng: Random) -> str:
    """One to three changes of a string, by characters and by what is known to be read in two ways."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(text))
        end = min(len(text), at + rng.choice((1, 1, 2, 8)))
        match rng.randrange(8):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + rng.choice(TOKENS) + text[at:]
            case 2:
                text = text[:at] + rng.choice(TOKENS) + text[end:]
            case 3:
                text = rng.choice((text.upper(), text.lower(), text.strip(), text[::-1], text.swapcase()))
            case 4:
                text = text[:at] + text[at:end] * rng.choice((2, 3, 50)) + text[end:]
            case 5:
                text = rng.choice(TEXTS)
            case 6:
                text = (
                    text[:at]
                    + chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x80, 0xD800))))
                    + text[end:]
                )
            case _:
                text = text[:at] + rng.choice(TEXTS)[:64] + text[end:]
    return text[: LONG * 4]


# --- bytes -------------------------------------------------------------------------------------------------


def mutate_bytes(data: bytes, rng: Random, tokens: Sequence[bytes]) -> bytes:
    """One to six changes of a sequence of bytes; `tokens` are what its readers look for."""
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(data))
        end = min(len(data), at + rng.choice((1, 1, 1, 2, 4, 16, 64)))
        match rng.randrange(7):
            case 0:
                data = data[:at] + data[end:]
            case 1:
                data = data[:at] + rng.choice(tokens) + data[at:]
            case 2:
                data = data[:at] + rng.choice(tokens) + data[end:]
            case 3:
                data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
            case 4:
                data = data[:at] + data[at:end] * rng.choice((2, 3, 40)) + data[end:]
            case 5:
                other = rng.randint(0, len(data))
                data = data[:at] + data[other : other + (end - at)] + data[at:]
            case _:
                data = data[:at] if rng.random() < 0.3 else data[:at] + data[at:][::-1]
    return data
