"""Habits of the house that a reader can rely on, held by reading the source."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import federation
import node
from tests.architecture.survey import ROOT, Module, committed_files, modules_under, within

HOUSE = modules_under("federation", "node")
MAX_LINES = 400

# Modules that are longer than they should be, with the length that they may not exceed; only ever shortened.
LONG: dict[str, int] = {}

# Where the wall clock, randomness and identifiers may be read; everywhere else they are passed in.
AMBIENT_ALLOWED = (
    "node.app",
    "node.cli",
    "node.commands",
    "node.container",
    "node.runtime.control",
    "node.demo",
)
AMBIENT = ("datetime.now", "datetime.utcnow", "date.today", "time.time", "uuid.uuid4", "uuid4", "uuid.uuid1")
ENVIRONMENT = ("os.environ", "os.getenv", "os.environb", "environ", "getenv")


def test_both_packages_are_those_of_this_repository() -> None:
    for package in (federation, node):
        assert package.__file__ is not None
        assert Path(package.__file__).resolve().is_relative_to(ROOT)


@pytest.mark.parametrize("module", HOUSE, ids=lambda module: module.name)
def test_module_says_what_is_public(module: Module) -> None:
    if not module.source.strip() or module.name.endswith("__main__"):
        return
    names = {
        target.id
        for statement in module.tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    empty_package = module.path.name == "__init__.py" and not module.tree.body[1:]
    assert "__all__" in names or empty_package, f"{module} has no __all__"


@pytest.mark.parametrize("module", HOUSE, ids=lambda module: module.name)
def test_module_is_not_overlong(module: Module) -> None:
    length = module.source.count("\n")
    limit = LONG.get(str(module), MAX_LINES)
    assert length <= limit, f"{module} has {length} lines, at most {limit}: part it"


def test_list_of_long_modules_is_no_longer_than_needed() -> None:
    lengths = {str(module): module.source.count("\n") for module in HOUSE}
    assert {name for name in LONG if lengths.get(name, 0) <= MAX_LINES} == set()


def test_no_module_is_named_for_nothing_in_particular() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)$")
    places = (*HOUSE, *modules_under("tests"))
    assert [str(module) for module in places if any(vague.search(p) for p in module.name.split("."))] == []


def test_nothing_is_configured_at_import() -> None:
    found = [
        f"{module}:{line} reads {name}"
        for module in HOUSE
        for name, line in names_read_at_import(module.tree)
        if name in ENVIRONMENT
    ]
    assert found == []


def test_time_and_ids_are_passed_in() -> None:
    found = [
        f"{module}:{node.lineno} calls {ast.unparse(node.func)}"
        for module in HOUSE
        if not within(module.name, AMBIENT_ALLOWED)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(AMBIENT)
    ]
    assert found == []


def test_no_function_rebinds_a_global() -> None:
    found = [
        f"{module}:{node.lineno}"
        for module in HOUSE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Global)
    ]
    assert found == []


def test_toolkit_knows_nothing_of_the_application() -> None:
    ours = re.compile(r"w3id\.org/obverse|[\"']obv:", re.IGNORECASE)
    found = [
        str(module) for module in HOUSE if within(module.name, ["federation"]) if ours.search(module.source)
    ]
    assert found == []


def test_committed_files_name_no_place_of_one_machine() -> None:
    # Spelt apart, so that this file is not found by itself.
    places = re.compile(rb"(?<![\w.:/-])/(?:%s|%s|%s)(?:/|\b)" % (b"work", b"root", b"tmp/bash"))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in committed_files()
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1)
        if places.search(line)
    ]
    assert found == []


def test_locks_hold_hashes_and_no_addresses() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) >= 2
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert not re.search(r"https?:|file:|--(?:extra-)?index-url|--find-links|--trusted-host", text), (
            lock.name
        )
        pins = re.split(r"\n(?=\S)", "\n".join(x for x in text.splitlines() if not x.startswith("#")))
        assert [pin.split()[0] for pin in pins if pin.strip() and "--hash=sha256:" not in pin] == []


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", ()), ("requirements-dev.lock", ("dev",))])
def test_lock_holds_every_declared_dependency(lock: str, extras: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = list(project["dependencies"])
    for extra in extras:
        declared += project["optional-dependencies"][extra]
    wanted = {_normal(re.split(r"[\[<>=!~; ]", line)[0]) for line in declared}
    pinned = {_normal(line.split("==")[0]) for line in _lines(lock) if "==" in line and line[0].isalnum()}
    assert wanted - pinned == set()


def test_records_of_decisions_are_numbered_without_a_gap() -> None:
    records = sorted(path.name for path in (ROOT / "node" / "adr").glob("*.md"))
    assert [name[:4] for name in records] == [f"{number:04d}" for number in range(1, len(records) + 1)]


# --- reading ---------------------------------------------------------------------------------------------


def names_read_at_import(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Dotted names that are read while a module is imported: all but the bodies of functions."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            arguments = child.args
            now = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
            if not isinstance(child, ast.Lambda):
                now += child.decorator_list
            for expression in now:
                yield from names_read_at_import(ast.Expression(expression))
            continue
        if isinstance(child, ast.Attribute | ast.Name):
            yield ast.unparse(child), child.lineno
        yield from names_read_at_import(child)


def test_reader_sees_what_runs_at_import_and_not_what_waits() -> None:
    source = """
import os
A = os.environ["A"]
class C:
    b = os.getenv("B")
def f(x=os.environ.get("D")):
    return os.environ["E"]
"""
    read = [name for name, _ in names_read_at_import(ast.parse(source)) if name in ENVIRONMENT]
    assert read == ["os.environ", "os.getenv", "os.environ"]


def _lines(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
