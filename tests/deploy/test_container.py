"""The image and the compose file say what they should; there is no container engine to be asked here."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.deploy.proxies import DEPLOY

ROOT = DEPLOY.parent
INSTRUCTIONS = {
    *("ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"),
    *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
}


def dockerfile() -> list[tuple[str, str]]:
    """Instructions in their order, continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined]


def last_stage() -> list[tuple[str, str]]:
    steps = dockerfile()
    begin = max(number for number, (name, _) in enumerate(steps) if name == "FROM")
    return steps[begin:]


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def test_every_instruction_is_one() -> None:
    assert {name for name, _ in dockerfile()} == INSTRUCTIONS


def test_base_is_pinned_by_a_tag() -> None:
    bases = [rest for name, rest in dockerfile() if (name, rest.split("=")[0]) == ("ARG", "BASE")]
    assert bases == ["BASE=python:3.11-slim-bookworm"]
    assert all(rest.startswith("${BASE}") for name, rest in dockerfile() if name == "FROM")


def test_what_is_copied_is_there_and_let_into_the_build() -> None:
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = 0
    for name, rest in dockerfile():
        words = [word for word in rest.split() if not word.startswith("--")]
        if name != "COPY" or "--from" in rest:
            continue
        for source in words[:-1]:
            copied += 1
            assert (ROOT / source).exists(), source
            assert f"!{source}" in let_in, source
    assert copied >= 8


def test_image_holds_locked_packages_only_and_runs_without_root() -> None:
    runs = [rest for name, rest in dockerfile() if name == "RUN"]
    assert "sh deploy/install --prefix /opt/obverse" in runs
    assert "--require-hashes --only-binary :all:" in (DEPLOY / "install").read_text(encoding="utf-8")
    steps = dict(last_stage())
    assert steps["USER"] == "10001:10001"
    assert steps["ENTRYPOINT"] == '["obverse"]'
    assert steps["CMD"] == '["serve"]'
    assert steps["STOPSIGNAL"] == "SIGTERM"
    assert '"/opt/obverse/bin/healthcheck"' in steps["HEALTHCHECK"]


@pytest.mark.parametrize("service", ["node", "caddy"])
def test_services_can_do_little(compose: Any, service: str) -> None:
    found = compose["services"][service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found.get("cap_add", []) == ([] if service == "node" else ["NET_BIND_SERVICE"])
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in found
    assert "privileged" not in found
    assert ":latest" not in found["image"]


def test_node_is_reached_through_the_proxy_only(compose: Any) -> None:
    node, caddy = compose["services"]["node"], compose["services"]["caddy"]
    assert "ports" not in node
    assert caddy["ports"] == ["80:80", "443:443"]
    assert caddy["environment"]["OBVERSE_UPSTREAM"] == "node:8000"
    assert compose["networks"]["inside"] == {"internal": True}
    assert caddy["depends_on"] == {"node": {"condition": "service_healthy"}}


def test_volumes_that_are_mounted_are_declared_or_there(compose: Any) -> None:
    image = dict(last_stage())["VOLUME"]
    for service in compose["services"].values():
        for mount in service["volumes"]:
            source, target = mount.split(":")[:2]
            assert source in compose["volumes"] or (DEPLOY / source).exists(), source
            if service["image"] == "obverse":
                assert f'"{target}"' in image
