"""The command line as people run it: words in, exit code and text out, on a real data directory."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from node.cli import run


@dataclass
class Ran:
    """One run of the command line."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Obverse = Callable[..., Ran]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with a person's and a vendor's account, made once and copied for each test."""
    made = tmp_path_factory.mktemp("template") / "node"
    words = ["--data", str(made), "init", "--url", "https://ana.example", "--name", "ana"]
    assert run([*words, "--display", "Ana Perez", "--json"]) == 0
    assert run(["--data", str(made), "user", "add", "shop", "--kind", "vendor", "--json"]) == 0
    return made


@pytest.fixture
def data(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "node"))


@pytest.fixture
def obverse(
    data: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Obverse:
    """Run `obverse WORDS`; the node is the copied one unless --data says otherwise."""
    monkeypatch.setenv("OBVERSE_DATA", str(data))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def ran(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsysbinary.readouterr()
        code = run(list(words))
        out, err = capsysbinary.readouterr()
        return Ran(code, out.decode(), err.decode())

    return ran
