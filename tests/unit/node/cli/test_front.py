"""What all commands share: where options may stand, how errors are told, what a newcomer sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from node import cli
from node.cli import build_cli, main
from node.cli.front import default_data_dir
from node.domain.errors import Reason, Refusal

ONE = ("--json", "user", "list")


@pytest.mark.parametrize("words", [ONE, ("user", "--json", "list"), ("user", "list", "--json")])
def test_json_may_stand_anywhere(words: tuple[str, ...], obverse: Any) -> None:
    assert [account["name"] for account in obverse(*words).json["accounts"]] == ["ana", "shop"]


def test_data_may_stand_before_or_after(obverse: Any, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBVERSE_DATA", "/nowhere")
    assert obverse("--data", str(data), "user", "list").code == 0
    assert obverse("user", "list", "--data", str(data)).code == 0
    assert obverse("user", "list").err == (
        "data directory: there is no node in /nowhere. Make one with `obverse init`.\n"
    )


def test_account_may_be_named_before_or_after(obverse: Any) -> None:
    assert obverse("--as", "ana", "notices").code == 0
    assert obverse("notices", "--as", "shop").code == 0
    several = obverse("notices")
    assert (several.code, several.err) == (2, "account: there are several: ana, shop. Say which with --as.\n")


def test_data_directory_has_a_place_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OBVERSE_DATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ana")
    assert default_data_dir() == Path("/home/ana/.local/share/obverse")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_data_dir() == Path("/data/obverse")
    monkeypatch.setenv("OBVERSE_DATA", "/elsewhere")
    assert default_data_dir() == Path("/elsewhere")


# --- errors ----------------------------------------------------------------------------------------------


def test_wrong_input_is_one_line_and_ends_with_2(obverse: Any) -> None:
    ran = obverse("user", "add", "X!")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "name: 'X!' cannot be a handle. Use 1 to 30 of a-z, 0-9 and _.\n"


def test_error_is_json_where_that_was_asked_for(obverse: Any) -> None:
    ran = obverse("user", "add", "X!", "--json")
    assert (ran.code, ran.err) == (2, "")
    assert ran.json["error"]["field"] == "name"
    assert set(ran.json["error"]) == {"field", "wrong", "right", "reason"}


@pytest.mark.parametrize("words", [("usr",), ("user", "ad"), ("user", "add"), ("deliveries", "resend", "x"),
                                   ("user", "list", "--odd")])  # fmt: skip
def test_misspelt_command_points_to_its_help(words: tuple[str, ...], obverse: Any) -> None:
    ran = obverse(*words)
    assert ran.code == 2
    assert "--help" in ran.err
    assert ran.err.count("\n") == 1
    assert obverse(*words, "--json").json["error"]["right"].endswith("--help.")


def test_refusal_ends_with_1(obverse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise Refusal(Reason.EXPIRED, "the offer has ended")

    monkeypatch.setattr("node.cli.front.call", refuse)
    ran = obverse("user", "list")
    assert (ran.code, ran.err) == (1, "the offer has ended.\n")
    assert obverse("user", "list", "--json").json["error"]["reason"] == "expired"


@pytest.mark.parametrize("error", [KeyboardInterrupt, click.Abort])
def test_interruption_ends_quietly(error: Any, obverse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("node.cli.front.call", interrupt)
    assert obverse("user", "list").code == 130


def test_main_leaves_with_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "run", lambda arguments: 3)
    with pytest.raises(SystemExit) as left:
        main(["verify"])
    assert left.value.code == 3


# --- help ------------------------------------------------------------------------------------------------


def test_obverse_alone_says_what_to_do_first(obverse: Any) -> None:
    ran = obverse()
    assert ran.code == 0
    assert "obverse init --url" in ran.out
    assert "obverse demo" in ran.out


def commands_of(
    group: click.Group, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands_of(command, (*path, name))
        else:
            found.append(((*path, name), command))
    return found


COMMANDS = commands_of(build_cli())


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_every_command_is_explained_in_a_sentence_with_an_example(
    path: tuple[str, ...], command: Any, obverse: Any
) -> None:
    ran = obverse(*path, "--help")
    assert ran.code == 0
    assert command.help
    assert command.help.splitlines()[0].rstrip().endswith((".", ",", ";"))
    assert command.example.startswith(f"obverse {' '.join(path)}")
    assert command.example.splitlines()[0] in ran.out


def test_examples_are_written_as_the_commands_take_them() -> None:
    for _, command in COMMANDS:
        known = {option for parameter in command.params for option in parameter.opts}
        used = {word for word in getattr(command, "example", "").split() if word.startswith("--")}
        assert used <= known, command.name


def test_names_of_commands_are_there_once() -> None:
    paths = [path for path, _ in COMMANDS]
    assert len(paths) == len(set(paths))


def test_reader_that_leaves_early_is_no_failure_to_tell(
    obverse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left(*_: Any, **__: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("node.cli.front.call", left)
    ran = obverse("user", "list")
    assert (ran.code, ran.err) == (1, "")
