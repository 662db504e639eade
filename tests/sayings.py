"""Finds every text of the domain and the use cases that a page may show, by reading their source.

What `InvalidInput`, `Refusal` and their like are given, what `said` is made of, what a row of a table is
told: all constants. What is put together in another way is named in `built`: nobody could translate it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import node

__all__ = ["Text", "built", "texts_of_the_domain"]

HOUSE = Path(node.__file__).parent
SHOWN = (
    "domain",
    "examination",
    "services",
    "workflows/addressees.py",
    "workflows/lookups.py",
    "workflows/buying.py",
    "pictures/darkroom.py",
    "workflows/looking.py",
    "workflows/responding.py",
    "workflows/blocking.py",
    "workflows/blocklists.py",
    "workflows/moving.py",
    "workflows/whom.py",
    "web",
)
"""What pages stand on. The command line's own errors are in English, as the command line is."""
ARGUMENTS: dict[str, tuple[int, ...]] = {
    "InvalidInput": (1, 2),
    "Refusal": (1,),
    "Superfluous": (1,),
    "require": (2,),
    "RowProblem": (2, 3),
    "wrong": (1, 2),
    "said": (0,),
}
"""Which arguments of which call are words. `wrong` is what a row of a catalogue collects."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text, and the module that says it."""

    text: str
    module: str


@cache
def texts_of_the_domain() -> tuple[Text, ...]:
    return tuple(found for module, tree in _modules() for found in _texts(module, tree))


@cache
def built() -> tuple[str, ...]:
    """Words that are put together where they are raised: `module:line what`."""
    return tuple(
        f"{module}:{word.lineno} {ast.unparse(word)}"
        for module, tree in _modules()
        for word in _words(tree)
        if isinstance(word, ast.JoinedStr | ast.BinOp)
        or (isinstance(word, ast.Call) and getattr(word.func, "id", "") == "str")
    )


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for name in SHOWN:
        place = HOUSE / name
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            yield str(path.relative_to(HOUSE.parent)), ast.parse(path.read_text())


def _texts(module: str, tree: ast.Module) -> Iterator[Text]:
    constants = {
        target.id: assigned.value.value
        for assigned in ast.walk(tree)
        if isinstance(assigned, ast.Assign) and isinstance(assigned.value, ast.Constant)
        for target in assigned.targets
        if isinstance(target, ast.Name) and isinstance(assigned.value.value, str)
    }
    for word in _words(tree):
        for part in _branches(word):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                yield Text(part.value, module)
            elif isinstance(part, ast.Name) and part.id in constants:
                yield Text(constants[part.id], module)


def _branches(word: ast.expr) -> Iterator[ast.expr]:
    if isinstance(word, ast.IfExp):
        yield from _branches(word.body)
        yield from _branches(word.orelse)
    else:
        yield word


def _words(tree: ast.Module) -> Iterator[ast.expr]:
    assigned: dict[str, list[ast.expr]] = {}
    for node_ in ast.walk(tree):
        if isinstance(node_, ast.Assign) and isinstance(node_.targets[0], ast.Name):
            assigned.setdefault(node_.targets[0].id, []).append(node_.value)
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        for at in ARGUMENTS.get(name, ()):  # `words("…")` around one is the pages' own, and found by Babel
            if at < len(call.args):
                word = call.args[at]
                yield word
                if isinstance(word, ast.Name):  # `right = …` above the error
                    yield from assigned.get(word.id, ())
