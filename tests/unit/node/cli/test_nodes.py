"""Making a node, and keeping it safe."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from node.cli import nodes


def test_init_makes_a_node_that_only_its_owner_can_read(obverse: Any, tmp_path: Path) -> None:
    new = tmp_path / "new"
    ran = obverse("init", "--data", str(new), "--url", "https://shop.example", "--kind", "vendor",
                  "--name", "shop", "--accepts", "SD-BASE", "--bind", "[::1]:8080")  # fmt: skip
    assert ran.code == 0
    assert "@shop@shop.example (vendor)" in ran.out
    assert {stat.S_IMODE(path.stat().st_mode) for path in new.iterdir()} == {0o600}
    assert stat.S_IMODE(new.stat().st_mode) == 0o700
    assert 'bind_host = "::1"' in (new / "config.toml").read_text()
    assert obverse("user", "list", "--json", "--data", str(new)).json["accounts"][0]["terms_accepted"] == [
        "SD-BASE"
    ]


def test_init_without_an_account_says_how_to_make_one(obverse: Any, tmp_path: Path) -> None:
    ran = obverse("init", "--data", str(tmp_path / "new"), "--url", "https://ana.example")
    assert ran.code == 0
    assert "obverse user add" in ran.out


def test_init_for_a_closed_network_writes_its_names(obverse: Any, tmp_path: Path) -> None:
    new = tmp_path / "new"
    ran = obverse("init", "--data", str(new), "--url", "http://ana.localhost:9000", "--allow",
                  "ana.localhost:9000", "--allow", "shop.localhost:9001", "--resolve",
                  "shop.localhost=127.0.0.1", "--cast-spread", "0", "--json")  # fmt: skip
    assert ran.code == 0
    settings = (new / "config.toml").read_text()
    assert 'allowed = ["ana.localhost:9000", "shop.localhost:9001"]' in settings
    assert '"shop.localhost" = "127.0.0.1"' in settings
    assert "cast_spread_s = 0" in settings


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--url", "ana.example"), "base_url"),
        (("--url", "http://ana.example"), "base_url"),
        (("--url", "https://ana.example", "--bind", "8000"), "obverse init"),
        (("--url", "https://ana.example", "--resolve", "x"), "obverse init"),
        (("--url", "https://ana.example", "--name", "A B"), "name"),
        (("--url", "https://ana.example", "--kind", "vendor", "--name", "s", "--accepts", "odd"), "terms"),
    ],
)
def test_init_refuses_and_leaves_nothing(
    words: tuple[str, ...], field: str, obverse: Any, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    ran = obverse("init", "--data", str(new), *words, "--json")
    assert (ran.code, ran.json["error"]["field"]) == (2, field)
    assert not new.exists() or list(new.iterdir()) == []


def test_init_never_replaces_a_node(obverse: Any, data: Path) -> None:
    before = (data / "node.key").read_bytes()
    ran = obverse("init", "--url", "https://ana.example")
    assert ran.code == 2
    assert "is there already" in ran.err
    assert (data / "node.key").read_bytes() == before


# --- backup and restore -------------------------------------------------------------------------------------


def test_backup_comes_back_as_the_same_node(obverse: Any, tmp_path: Path) -> None:
    file, back = tmp_path / "ana.backup", tmp_path / "back"
    assert obverse("backup", str(file), stdin="a long passphrase\n").code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ran = obverse("restore", str(file), "--data", str(back), stdin="a long passphrase\n")
    assert ran.code == 0
    assert "Start it with: obverse serve" in ran.out
    assert obverse("user", "list", "--json", "--data", str(back)).out == obverse("user", "list", "--json").out


def test_backup_replaces_no_file(obverse: Any, tmp_path: Path) -> None:
    file = tmp_path / "there"
    file.write_text("mine")
    ran = obverse("backup", str(file), stdin="a long passphrase\n")
    assert ran.code == 1
    assert "is there already" in ran.err
    assert file.read_text() == "mine"


def test_wrong_passphrase_restores_nothing(obverse: Any, tmp_path: Path) -> None:
    file, back = tmp_path / "ana.backup", tmp_path / "back"
    obverse("backup", str(file), stdin="a long passphrase\n")
    ran = obverse("restore", str(file), "--data", str(back), stdin="another one\n")
    assert ran.code == 1
    assert "passphrase is wrong" in ran.err
    assert not back.exists() or list(back.iterdir()) == []


def test_restore_never_replaces_a_node(obverse: Any, tmp_path: Path) -> None:
    file = tmp_path / "ana.backup"
    obverse("backup", str(file), stdin="a long passphrase\n")
    assert obverse("restore", str(file), stdin="a long passphrase\n").code == 1


def test_backup_without_a_passphrase_is_refused(obverse: Any, tmp_path: Path) -> None:
    ran = obverse("backup", str(tmp_path / "f"), stdin="\n")
    assert (ran.code, ran.err) == (2, "passphrase: is missing. Give it.\n")


# --- serve and demo -----------------------------------------------------------------------------------------


def test_serve_prints_the_address_when_it_is_ready_and_how_to_set_it_up(
    obverse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def served(config: Any, commands: Any, *, ready: Any, invite: Any) -> None:
        ready(f"{config.base_url} is served on {config.bind_host}:{config.bind_port}")
        invite("https://ana.example/setup?token=T")

    monkeypatch.setattr("node.runtime.serve.serve", served)
    for name in ("configure_logs", "hold_standard_files", "log_uncaught"):
        monkeypatch.setattr(nodes, name, lambda **options: None)
    ran = obverse("serve")
    assert (ran.code, ran.out) == (
        0,
        (
            "https://ana.example is served on 127.0.0.1:8000\n"
            "Nobody can log in yet. Set it up in a browser, within a day:\n"
            "https://ana.example/setup?token=T\n"
        ),
    )


def test_demo_is_run_with_its_options(obverse: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}

    def story(**options: Any) -> int:
        asked.update(options)
        return 1

    monkeypatch.setattr("node.demo.run", story)
    assert obverse("demo", "--once", "--port", "9000", "--keep", str(tmp_path)).code == 1
    assert asked == {"once": True, "base_port": 9000, "keep": tmp_path}
