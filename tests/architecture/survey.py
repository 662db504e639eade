"""Reads the source of the house without running it: its modules, what they import, and where.

The rules themselves stand in the test modules beside this one.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ROOT",
    "Import",
    "Module",
    "committed_files",
    "cycle_in",
    "imports_of",
    "modules_under",
    "within",
]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module. `late`: inside a function; `typing_only`: under `if TYPE_CHECKING`."""

    target: str
    line: int
    late: bool
    typing_only: bool


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    path: Path
    source: str
    imports: tuple[Import, ...]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


def within(name: str, packages: Iterable[str]) -> bool:
    """Whether module `name` is one of `packages` or lies inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def modules_under(*packages: str) -> list[Module]:
    """Every module of these top-level packages, by name."""
    paths = {_name(path): path for package in packages for path in (ROOT / package).rglob("*.py")}
    known = set(paths)
    found = []
    for name, path in sorted(paths.items()):
        source = path.read_text(encoding="utf-8")
        imports = imports_of(source, name, known, is_package=path.name == "__init__.py")
        found.append(Module(name, path, source, tuple(imports)))
    return found


def imports_of(
    source: str, name: str, known: Iterable[str] = (), *, is_package: bool = False
) -> Iterator[Import]:
    """What a module imports, wherever in it.

    Shapes: `name` is the module's own, for relative imports; `from a import b` means module `a.b` where that
            is among the `known` ones, else `a`.
    """
    package = name if is_package else name.rpartition(".")[0]
    for node, late, typing_only in _walk(ast.parse(source), late=False, typing_only=False):
        for target in _targets(node, package, frozenset(known)):
            yield Import(target, node.lineno, late, typing_only)


def _walk(
    node: ast.AST, *, late: bool, typing_only: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, late, typing_only
        inside = late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        guarded = typing_only or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
        yield from _walk(child, late=inside, typing_only=guarded)


def _targets(node: ast.Import | ast.ImportFrom, package: str, known: frozenset[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parents, *([base] if base else [])])
    names = (f"{base}.{alias.name}" for alias in node.names)
    return sorted({name if name in known else base for name in names})


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def cycle_in(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """One circle of imports, first name again at the end; empty when there is none."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name not in done:
            for target in sorted(graph.get(name, ())):
                found = visit(target, [*trail, name])
                if found:
                    return found
            done.add(name)
        return []

    for start in sorted(graph):
        found = visit(start, [])
        if found:
            return found
    return []


def committed_files() -> list[Path]:
    """What is in version control; outside of it, what lies in the source tree."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in listing.stdout.split("\0") if name]
    if listing.returncode == 0 and names:
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    tops = ("federation", "node", "tests", "deploy")
    inside = [path for top in tops for path in (ROOT / top).rglob("*") if path.is_file()]
    return [path for path in [*ROOT.iterdir(), *inside] if path.is_file() and "__pycache__" not in path.parts]
