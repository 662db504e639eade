"""A user of another server: a real Fedify server as a process, and the way to tell its users what to do.

The server is `fediverse/server.mjs`; its packages are no part of Obverse, and `make fediverse` installs them.
It reads a JSON line for each act and answers with one, and it ends when we do: its input closes then.
"""

from __future__ import annotations

import contextlib
import json
import platform
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from federation.messages import JsonObject
from node.demo.stage import StageFailed, Tls

__all__ = ["ActFailed", "Neighbour", "NeighbourPlan", "Runtime", "find_runtime", "open_neighbour"]

SERVER = Path(__file__).with_name("fediverse") / "server.mjs"
PACKAGES = Path(__file__).parents[2] / "build" / "fediverse"
OLDEST_NODE = 22
START_S, ACT_S, STOP_S = 60.0, 60.0, 10.0
READ_BYTES = 1 << 16


class ActFailed(Exception):
    """What a user of the other server was told to do did not work; holds that server's words."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Node.js, and the folder that holds the library."""

    node: Path
    packages: Path


@dataclass(frozen=True, slots=True)
class NeighbourPlan:
    """What the server is to be.

    Shapes: `users` are names of lower-case letters; `locked` names those who approve their followers,
            `long_keys` those whose RSA keys have 4096 bits, as the library makes them, and not 2048;
            `first_knock` is `rfc9421` or `cavage`, which signature is tried first; with `authorized_fetch`
            nobody reads anything unsigned; `names` are the hosts that it can find, each at 127.0.0.1.
    """

    host: str
    port: int
    names: Sequence[str]
    users: Sequence[str] = ("mia", "ben")
    locked: Sequence[str] = ()
    long_keys: Sequence[str] = ()
    first_knock: str = "rfc9421"
    authorized_fetch: bool = False
    tls: Tls | None = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}"


def find_runtime(packages: Path = PACKAGES) -> Runtime | None:
    """Node.js and the library, where both are here. Node.js as installed beside it, else the system's."""
    if not (packages / "node_modules" / "@fedify" / "fedify" / "package.json").exists():
        return None
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    own = packages / "node_modules" / f"node-{platform.system().lower()}-{machine}" / "bin" / "node"
    if own.exists():
        return Runtime(own, packages)
    found = shutil.which("node")
    if found is None:
        return None
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    version = re.match(r"v(\d+)\.", said)
    return Runtime(Path(found), packages) if version and int(version[1]) >= OLDEST_NODE else None


class Neighbour:
    """The running server. One act at a time."""

    def __init__(self, plan: NeighbourPlan, process: subprocess.Popen[bytes]) -> None:
        self.plan = plan
        self.process = process
        self._count = 0
        self._rest = b""

    def actor(self, user: str) -> str:
        return f"{self.plan.origin}/users/{user}"

    def handle(self, user: str) -> str:
        return f"@{user}@{self.plan.address}"

    def act(self, act: str, /, **args: Any) -> JsonObject:
        """Have something done there. Raises: ActFailed, also where our node refuses what is sent to it."""
        self._count += 1
        self.tell({"id": self._count, "act": act, "args": args})
        said = self.hear(ACT_S)
        if said.get("id") != self._count:
            raise ActFailed(f"{act}: an answer to something else: {said}")
        if "error" in said:
            raise ActFailed(f"{act}: {said['error']}")
        answer: JsonObject = said["answer"]
        return answer

    def tell(self, line: JsonObject) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise StageFailed("the other server has ended by itself") from None

    def hear(self, patience_s: float) -> JsonObject:
        """The next line. Raises: StageFailed where none comes."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + patience_s
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise StageFailed(f"the other server said nothing for {patience_s:g} s")
                part = self.process.stdout.read1(READ_BYTES)  # type: ignore[attr-defined]
                if not part:
                    raise StageFailed("the other server has ended by itself")
                self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        heard: JsonObject = json.loads(line)
        return heard


@contextlib.contextmanager
def open_neighbour(runtime: Runtime, plan: NeighbourPlan, log: Path) -> Iterator[Neighbour]:
    """Run the server; it is ended however this is left. Raises: StageFailed."""
    environment = {"NODE_EXTRA_CA_CERTS": str(plan.tls.ca_file)} if plan.tls else {}
    with log.open("ab") as errors:
        process = subprocess.Popen(  # noqa: S603 (our own script, arguments of our own)
            [str(runtime.node), str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
    neighbour = Neighbour(plan, process)
    try:
        neighbour.tell(_settings(plan, runtime))
        neighbour.hear(START_S)
        yield neighbour
    finally:
        _end(process)


def _settings(plan: NeighbourPlan, runtime: Runtime) -> JsonObject:
    tls = {"cert": str(plan.tls.cert_file), "key": str(plan.tls.key_file)} if plan.tls else None
    return {
        "origin": plan.origin,
        "port": plan.port,
        "packages": str(runtime.packages),
        "names": list(plan.names),
        "users": [
            {
                "name": name,
                "display": name.title(),
                "locked": name in plan.locked,
                "keyBits": 4096 if name in plan.long_keys else 2048,
            }
            for name in plan.users
        ],
        "firstKnock": plan.first_knock,
        "authorizedFetch": plan.authorized_fetch,
        "tls": tls,
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """It ends with its input; kill it where it does not."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended already
        process.stdin.close()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
