"""What the operator's guide says is so: its commands, files, settings and metrics are there."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from federation.messages import Limits
from node import config as node_config
from node.cli import build_cli
from node.config import Config, make_config
from node.observability.metrics import Metrics
from node.store.ports import Lengths
from tests.deploy.proxies import DEPLOY

GUIDE = (DEPLOY / "README.md").read_text(encoding="utf-8")
EVERYTHING = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted(DEPLOY.rglob("*"))
    if path.suffix != ".svg" and path.is_file()
)


def obverse_commands() -> list[list[str]]:
    """What follows `obverse` in the shell blocks and in the text of the guide."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, flags=re.DOTALL):
        for line in block.splitlines():
            if match := re.search(
                r"(?:^|sudo |exec node |run --rm node )(?:obverse )?(init|obverse)\b(.*)", line
            ):
                words = shlex.split(match[0], comments=True)
                found.append(
                    words[words.index("init") :] if "init" in words else words[words.index("obverse") + 1 :]
                )
    inline = re.findall(r"`(?:sudo )?obverse ([a-z][^`]*)`", GUIDE)
    return found + [shlex.split(words) for words in inline]


@pytest.mark.parametrize("words", obverse_commands(), ids=" ".join)
def test_command_of_the_guide_is_one_of_the_command_line(words: list[str]) -> None:
    """Its name and its options; files and numbers are the reader's."""
    command: click.Command = build_cli()
    rest = list(words)
    while isinstance(command, click.Group):
        name = rest.pop(0)
        assert name in command.commands, f"there is no command {name}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_guide_names_commands_at_all() -> None:
    assert {words[0] for words in obverse_commands()} >= {"init", "backup", "restore", "doctor", "deliveries"}


# --- settings ---------------------------------------------------------------------------------------------


def told_settings() -> dict[str, str]:
    """The table of settings: name to default as it is written there."""
    block = GUIDE.partition("<!-- settings:begin -->")[2].partition("<!-- settings:end -->")[0]
    return dict(re.findall(r"^\| `([a-z_.]+)` \| `?([^|`]+?)`? \|", block, flags=re.MULTILINE))


def test_guide_lists_every_setting_and_no_other() -> None:
    known = {name for name in node_config._KEYS if name != "limits"}
    known |= {f"limits.{name}" for name in node_config._LIMITS}
    assert set(told_settings()) == known


@pytest.mark.parametrize(("name", "told"), sorted(told_settings().items()))
def test_guide_tells_the_default(tmp_path: Path, name: str, told: str) -> None:
    if name == "base_url":
        assert told == "–", "it is the one that must be given"
        return
    shipped: Any = make_config(tmp_path, {"base_url": "https://ana.example"})
    group, _, limit = name.partition(".")
    default = getattr(shipped.limits, limit) if limit else getattr(shipped, group)
    if told == "–":
        assert default is None
        return
    written = tomllib.loads(f"value = {told}")["value"]
    if isinstance(default, frozenset | Mapping):
        assert not default
        assert not written
        return
    assert (type(written), written) == (type(default), default)


def test_every_setting_is_a_field() -> None:
    names = {field.name for field in fields(Config)} | {f"limits.{field.name}" for field in fields(Limits)}
    assert set(told_settings()) <= names


# --- what is watched --------------------------------------------------------------------------------------


def told_metrics() -> set[str]:
    """Every name of a metric in the guide and in the alerts, without what Prometheus hangs on."""
    text = GUIDE + (DEPLOY / "alerts.yaml").read_text(encoding="utf-8")
    found = set(re.findall(r"\b(?:obverse|process)_[a-z_]+(?<!_)\b", text))
    return {name.removesuffix("_bucket") for name in found}


def test_metrics_of_the_guide_are_told_by_a_node() -> None:
    metrics = Metrics("0")
    metrics.note_lengths(Lengths(**{field.name: 0 for field in fields(Lengths)}))
    metrics.watch("obverse_connections", "", "phase", lambda: {"coming": 0})
    metrics.watch("obverse_connections_refused", "", "how", lambda: {"turned_away": 0})
    told = set(re.findall(r"^# TYPE (\S+)", metrics.text().decode(), flags=re.MULTILINE))
    assert told_metrics() >= {"obverse_queue_length", "obverse_store_commits_total"}
    assert told_metrics() - told == set()


def test_nothing_that_a_node_counts_is_left_out_of_the_guide() -> None:
    told = set(re.findall(r"^# TYPE (obverse_\S+)", Metrics("0").text().decode(), flags=re.MULTILINE))
    assert told - told_metrics() == set()


def test_alerts_are_rules_that_prometheus_can_read() -> None:
    [group] = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    assert "seven rules" in GUIDE
    assert len(names) == 7
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "annotations"}
        assert rule["annotations"]["summary"].endswith((".", "says which.", "report it."))


@pytest.mark.parametrize("queue", ["deliveries_dead", "inbox_dead", "deliveries_due", "inbox_pending"])
def test_queues_of_the_alerts_are_queues(queue: str) -> None:
    assert queue in (DEPLOY / "alerts.yaml").read_text(encoding="utf-8")
    assert queue in {field.name for field in fields(Lengths)}


# --- places -----------------------------------------------------------------------------------------------


def test_files_that_are_named_are_there() -> None:
    named = set(
        re.findall(
            r"`((?:caddy|nginx|systemd)/[\w.-]*|install|backup|alerts\.yaml|compose\.yaml|Dockerfile)`", GUIDE
        )
    )
    named |= set(re.findall(r"(?<![\w/])deploy/([\w./-]*\w)", GUIDE))
    assert named >= {"install", "caddy/Caddyfile", "nginx/obverse.conf", "caddy/handle-domain.caddy"}
    assert [name for name in sorted(named) if not (DEPLOY / name).exists()] == []


@pytest.mark.parametrize(
    "place", ["/var/lib/obverse", "/var/lib/obverse-backups", "/etc/obverse/obverse.env"]
)
def test_places_are_those_of_the_installer(place: str) -> None:
    assert place in GUIDE
    assert place in (DEPLOY / "install").read_text(encoding="utf-8")


def test_environment_is_named_alike_everywhere() -> None:
    known = {
        *("OBVERSE", "OBVERSE_DATA", "OBVERSE_HOST", "OBVERSE_HANDLE_HOST", "OBVERSE_UPSTREAM"),
        *("OBVERSE_BACKUP_DIR", "OBVERSE_BACKUPS_KEPT", "OBVERSE_BACKUP_COPY_TO"),
    }
    assert set(re.findall(r"\bOBVERSE(?:_[A-Z]+)*\b", EVERYTHING)) == known
