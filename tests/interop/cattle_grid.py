"""A cattle-grid server as a peer: RabbitMQ, the server itself, and nginx before it, which makes it whole.

It shares no code with us and none with Fedify, signs by draft-cavage-12, and answers nobody unsigned.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.needs import need, need_command

__all__ = ["Authority", "CattleGrid", "open_cattle_grid"]

HERE = Path(__file__).parent / "cattle"
READY_S, STOP_S, STEP_S = 90.0, 20.0, 0.1
BROKER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's own script before it changes users."""
HANDLE = "bob"


@dataclass(frozen=True, slots=True)
class Authority:
    """Who vouches for the names of a test, and the one certificate for all of them; PEM files."""

    ca_file: Path
    cert_file: Path
    key_file: Path


@dataclass
class CattleGrid:
    """A running server with one account, `@bob@HOST`, spoken to by its API."""

    host: str
    client: httpx.Client
    actor: str = ""
    log: Path = field(default_factory=Path)

    @property
    def handle(self) -> str:
        return f"@{HANDLE}@{self.host}"

    def log_in(self) -> None:
        token = self._post("/fe/signin", {"name": HANDLE, "password": HANDLE}).json()["token"]
        self.client.headers["authorization"] = f"Bearer {token}"
        info = self.client.get("/fe/account/info").raise_for_status().json()
        self.actor = info["actors"][0]["id"]

    def lookup(self, uri: str) -> dict[str, Any]:
        """A document that the account fetches, signed."""
        found = self._post("/fe/actor/lookup", {"actorId": self.actor, "uri": uri}).json()
        return dict(found.get("raw", found))

    def send(self, activity: dict[str, Any]) -> None:
        """Publish an activity of the account; it gets its id and is kept at it."""
        self._trigger("publish_activity", {"actor": self.actor, **activity})

    def publish(self, note: dict[str, Any]) -> None:
        """Publish a Note of the account, with the Create around it."""
        self._trigger("publish_object", {"attributedTo": self.actor, **note})

    def received(self, kind: str) -> list[dict[str, Any]]:
        """The activities of a kind that came in, newest first."""
        return self._events("incoming", kind)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        return self._events("outgoing", kind)

    def _events(self, direction: str, kind: str) -> list[dict[str, Any]]:
        found = self.client.get("/fe/account/history").raise_for_status().json()["events"]
        raws = [event["data"]["raw"] for event in found if event["event_type"] == direction]
        return [raw for raw in raws if raw.get("type") == kind]

    def _trigger(self, method: str, data: dict[str, Any]) -> None:
        data.setdefault("@context", "https://www.w3.org/ns/activitystreams")
        self._post(f"/fe/actor/trigger/{method}", {"actor": self.actor, "data": data})

    def _post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        return self.client.post(path, json=body).raise_for_status()


@contextmanager
def open_cattle_grid(
    place: Path,
    python: Path,
    *,
    host: str,
    port: int,
    inner_port: int,
    broker_ports: tuple[int, int, int],
    names: Mapping[str, str],
    authority: Authority,
) -> Iterator[CattleGrid]:
    """Start all three, log in, and end them by their ids.

    Shapes: `python` is the interpreter of its environment (`make peers`); `host` is its name with its port.
            `names` are the hosts that it can find, and their addresses.
    """
    need(BROKER.exists(), "RabbitMQ (Debian: apt-get install rabbitmq-server)")
    nginx = need_command("nginx", package="nginx-light")
    place.mkdir(parents=True)
    (place / "names.json").write_text(json.dumps(dict(names)), encoding="utf-8")
    (place / "cattle_grid.toml").write_text(_configuration(host, broker_ports[0]), encoding="utf-8")
    (place / "nginx.conf").write_text(_front(port, inner_port, authority), encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "PYTHONPATH": str(HERE / "names"),
        "INTEROP_NAMES": str(place / "names.json"),
        "SSL_CERT_FILE": str(authority.ca_file),
    }
    auth = ["-m", "cattle_grid", "new-config", f"https://{host}/cattle_grid_actor", "--username", "grid"]
    subprocess.run([python, *auth], cwd=place, env=environment, check=True, timeout=60, capture_output=True)
    with ExitStack() as stack:
        broker = _broker(place, broker_ports)
        stack.enter_context(_process("epmd", [need_command("epmd", package="erlang-base")], place, broker))
        stack.enter_context(_process("broker", [str(BROKER)], place, broker))
        _await(lambda: "Server startup complete" in _read(place / "broker.log"), place / "broker.log")
        served = [str(python), str(HERE / "serve.py"), str(inner_port), HANDLE]
        stack.enter_context(_process("grid", served, place, environment))
        proxied = [nginx, "-p", str(place), "-c", str(place / "nginx.conf")]
        stack.enter_context(_process("front", proxied, place, environment))
        _await(lambda: "Application startup complete" in _read(place / "grid.log"), place / "grid.log")
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        client = httpx.Client(
            base_url=f"https://127.0.0.1:{port}", verify=context, headers={"host": host}, timeout=30
        )
        grid = CattleGrid(host, stack.enter_context(client), log=place / "grid.log")
        grid.log_in()
        yield grid


def _configuration(host: str, broker_port: int) -> str:
    return f"""\
amqp_url = "amqp://guest:guest@127.0.0.1:{broker_port}/"
db_url = "sqlite+aiosqlite:///./grid.db"
processor_in_app = true

[frontend]
base_urls = ["https://{host}"]

[[extensions]]
module = "cattle_grid.extensions.examples.simple_storage"
api_prefix = "/simple_storage"
config = {{ prefix = "/simple_storage/" }}
"""


def _front(port: int, inner_port: int, authority: Authority) -> str:
    """nginx as its documentation has it: who signed is asked before each request."""
    return f"""\
daemon off;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
  log_format names "$status $request $http_host";
  access_log access.log names;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
  uwsgi_temp_path tmp; scgi_temp_path tmp;
  upstream grid {{ server 127.0.0.1:{inner_port}; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {authority.cert_file};
    ssl_certificate_key {authority.key_file};
    location = /auth {{
      internal;
      proxy_pass http://grid/auth/auth;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-Uri $request_uri;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-Host $http_host;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header Host $http_host;
    }}
    location = /.well-known/webfinger {{ proxy_pass http://grid/ap/.well-known/webfinger; }}
    location = /cattle_grid_actor {{ proxy_pass http://grid/auth/cattle_grid_actor; }}
    location /fe/ {{ proxy_pass http://grid; }}
    auth_request_set $requester $upstream_http_x_cattle_grid_requester;
    auth_request_set $serve $upstream_http_x_cattle_grid_should_serve;
    proxy_set_header X-Cattle-Grid-Requester $requester;
    proxy_set_header X-Cattle-Grid-Should-Serve $serve;
    proxy_set_header X-Ap-Location https://$http_host$request_uri;
    proxy_set_header X-Forwarded-Proto https;
    proxy_set_header Host $http_host;
    location /simple_storage/ {{ auth_request /auth; proxy_pass http://grid; }}
    location / {{ auth_request /auth; proxy_pass http://grid/ap/; }}
  }}
}}
"""


def _broker(place: Path, ports: tuple[int, int, int]) -> dict[str, str]:
    """A broker of this test's own, on loopback alone: its port, that of its kin, and their book's."""
    name = f"obverse{secrets.token_hex(4)}@localhost"
    return {
        "PATH": f"{os.environ['PATH']}:/usr/sbin:/usr/bin",
        "HOME": str(place),
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_BASE": str(place),
        "RABBITMQ_MNESIA_BASE": str(place / "mnesia"),
        "RABBITMQ_LOG_BASE": str(place),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(ports[0]),
        "RABBITMQ_DIST_PORT": str(ports[1]),
        "ERL_EPMD_PORT": str(ports[2]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"),
        "RABBITMQ_PID_FILE": str(place / "broker.pid"),
        "RABBITMQ_CONFIG_FILE": str(place / "none"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
        ),
    }


@contextmanager
def _process(
    name: str, command: list[str], place: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """One process in a group of its own, with its log; the whole group ends with it."""
    with (place / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_)
            process.wait(STOP_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _await(holds: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + READY_S
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"it never got ready:\n{_read(log)[-3000:]}")
        time.sleep(STEP_S)


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
