"""The settings of whoever watches a node: where it is asked, how it speaks, how much others may send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from federation.messages import Limits
from node.config import Config, load_config, make_config, save_config
from node.domain.errors import InvalidInput

BASE = {"base_url": "https://ana.example"}


def test_as_shipped_nothing_listens_but_the_door(tmp_path: Path) -> None:
    config = make_config(tmp_path, BASE)
    assert (config.metrics_bind, config.log_level, config.limits) == ("", "info", Limits())


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    limits: dict[str, Any] = {"host_per_second": 7.5, "host_burst": 70, "key_fetches_per_minute": 30}
    raw: dict[str, Any] = {"metrics_bind": "[::1]:9464", "log_level": "warning", "limits": limits}
    names = {"a.example": "192.0.2.1"}
    config = make_config(tmp_path / "ana", {**BASE, **raw, "names": names})
    save_config(config)
    assert load_config(tmp_path / "ana") == config
    assert config.limits == Limits(**limits)


def test_settings_that_are_not_made_are_shown_where_they_go(tmp_path: Path) -> None:
    save_config(Config(tmp_path / "ana", "https://ana.example"))
    assert '# metrics_bind = "127.0.0.1:9464"' in (tmp_path / "ana" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"metrics_bind": "9464"}, "metrics_bind"),
        ({"metrics_bind": "localhost:http"}, "metrics_bind"),
        ({"metrics_bind": "localhost:70000"}, "metrics_bind"),
        ({"log_level": "loud"}, "log_level"),
        ({"limits": {"inbox_body_bytes": 1}}, "limits.inbox_body_bytes"),
        ({"limits": {"host_burst": 0}}, "limits.host_burst"),
        ({"limits": {"host_burst": True}}, "limits.host_burst"),
        ({"limits": {"host_burst": 1.5}}, "limits.host_burst"),
        ({"limits": {"host_per_second": "many"}}, "limits.host_per_second"),
        ({"limits": {"host_per_second": float("nan")}}, "limits.host_per_second"),
        ({"limits": {"host_per_second": float("inf")}}, "limits.host_per_second"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, raw: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_config(tmp_path, {**BASE, **raw})
    assert refused.value.field == field
