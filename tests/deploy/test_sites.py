"""The shipped proxy files are read by the programs that they are for, and agree with the node's bounds."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import trustme

from federation.messages import Limits
from node.runtime.connections import DoorSettings
from tests.deploy.proxies import DEPLOY, caddy_site, free_port, nginx_site
from tests.needs import need_command

CADDY = ("Caddyfile", "handle-domain.caddy")
NGINX = {"obverse.conf": "ana.example", "handle-domain.conf": "example.org"}


def caddy(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "XDG_DATA_HOME": str(place)}
    return subprocess.run(
        [need_command("caddy"), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**environment, "XDG_CONFIG_HOME": str(place)},
    )


@pytest.mark.parametrize("file", CADDY)
def test_caddy_validates_the_site(tmp_path: Path, file: str) -> None:
    site = tmp_path / "site.caddy"
    site.write_text(caddy_site(file, tmp_path), encoding="utf-8")
    ran = caddy(tmp_path, "validate", "--adapter", "caddyfile", "--config", str(site))
    assert ran.returncode == 0, ran.stderr
    assert "Valid configuration" in ran.stdout + ran.stderr


@pytest.mark.parametrize("file", CADDY)
def test_caddy_finds_the_site_well_written(tmp_path: Path, file: str) -> None:
    path = DEPLOY / "caddy" / file
    ran = caddy(tmp_path, "fmt", str(path))
    assert ran.stdout == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", NGINX)
def test_nginx_accepts_the_site(tmp_path: Path, file: str) -> None:
    nginx = need_command("nginx", package="nginx-light")
    issued = trustme.CA().issue_cert(NGINX[file])
    issued.private_key_pem.write_to_path(str(tmp_path / "privkey.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "fullchain.pem"))
    place, ports = tmp_path / "nginx.conf", (free_port(), free_port())
    place.write_text(
        nginx_site(file, tmp_path, names={NGINX[file]: NGINX[file]}, ports=ports), encoding="utf-8"
    )
    command = [nginx, "-t", "-c", str(place), "-e", str(tmp_path / "error.log")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "test is successful" in ran.stderr
    # nginx from 1.25 on has another way to say http2, which older ones do not know.
    assert [
        line for line in ran.stderr.splitlines() if "[warn]" in line and '"listen ... http2"' not in line
    ] == []


# --- numbers ----------------------------------------------------------------------------------------------


def read(file: str) -> str:
    return (DEPLOY / file).read_text(encoding="utf-8")


def number(pattern: str, text: str) -> int:
    """Every match says the same number; that number."""
    found = set(re.findall(pattern, text))
    assert len(found) == 1, f"{pattern}: {found}"
    return int(found.pop())


def test_bodies_and_headers_are_bounded_as_by_the_node() -> None:
    limits, site, conf = Limits(), read("caddy/Caddyfile"), read("nginx/obverse.conf")
    assert number(r"max_size (\d+)KiB", site) * 1024 == limits.inbox_body_bytes
    assert number(r"client_max_body_size (\d+)k;", conf) * 1024 == limits.inbox_body_bytes
    assert number(r"max_header_size (\d+)KiB", site) * 1024 == limits.header_bytes
    assert number(r"large_client_header_buffers 4 (\d+)k;", conf) * 4 * 1024 == limits.header_bytes


def test_heads_have_as_long_as_at_the_node() -> None:
    door = DoorSettings()
    assert number(r"read_header (\d+)s", read("caddy/Caddyfile")) == door.head_s
    assert number(r"client_header_timeout (\d+)s;", read("nginx/obverse.conf")) == door.head_s


def test_proxies_wait_longer_than_the_node_takes() -> None:
    """The node's word says what was wrong; a proxy that gives up before has none."""
    limits, door = Limits(), DoorSettings()
    site, conf = read("caddy/Caddyfile"), read("nginx/obverse.conf")
    assert number(r"read_body (\d+)s", site) > limits.request_s
    assert number(r"response_header_timeout (\d+)s", site) > door.answer_s
    assert number(r"\bwrite (\d+)m", site) * 60 > door.answer_s
    assert number(r"proxy_read_timeout (\d+)s;", conf) > door.answer_s


def test_connections_to_the_node_are_left_before_the_node_closes_them() -> None:
    """Else a message now and then would meet a connection that is just being closed."""
    silent_s = DoorSettings().silent_s
    assert number(r"keepalive (\d+)s", read("caddy/Caddyfile")) < silent_s
    conf = read("nginx/obverse.conf")
    assert number(r"upstream obverse \{[^}]*?keepalive_timeout (\d+)s;", conf) < silent_s
    for file in ("caddy/Caddyfile", "nginx/obverse.conf"):
        assert f"Shorter than the {silent_s:g} s of the node" in read(file)
