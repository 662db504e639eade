"""RFC 7033 as FediTest reads it: its client and its judgement of a JRD, at a node of ours over HTTPS.

Its package brings no checks; ours are in `feditest/checks.py`. Where OBVERSE_FEDITEST_SET names a copy of its
own set (the directory `tests/webfinger/server` of its repository), that is run as well.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trustme

from node.app import create_app
from node.commands import build_commands
from node.config import Config
from node.container import open_node
from node.runtime.founding import found_node
from tests.integration.faulty import a_listener, listening
from tests.needs import need

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.processes]

HERE = Path(__file__).parent / "feditest"
PYTHON = HERE.parents[2] / "build" / "feditest" / "bin" / "python"
HOST = "ana.example"
NOT_ON_LOOPBACK = {
    "does_not_return_jrd_in_response_to_http": "plain HTTP on port 80 is the proxy's, which redirects; "
    "no answer at all, as here, is a failure to the set",
}


async def judged(directory: Path, home: Path) -> dict[str, str]:
    """Run the checks of a directory at a node of an account `ana`; by name, why each failed, "" for none."""
    need(PYTHON.exists(), "FediTest in an environment of its own (make corpora)")
    authority = trustme.CA()
    issued = authority.issue_cert(HOST)
    cert, key, ca = (home / name for name in ("cert.pem", "key.pem", "ca.pem"))
    cert.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(ca))
    with a_listener() as listener:
        port = int(listener.getsockname()[1])
        config = Config(data_dir=home / "ana", base_url=f"https://{HOST}", bind_port=port)
        await found_node(config, build_commands(), {"name": "ana"}, progress=lambda text: None)
        async with open_node(config) as opened:
            app = create_app(opened.node, opened.inbox)
            async with listening(app, listener, tls=(cert, key)):
                words = (str(HERE / "run.py"), HOST, str(port), str(ca), str(directory))
                ran = await asyncio.create_subprocess_exec(
                    str(PYTHON), *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
                out, err = await asyncio.wait_for(ran.communicate(), 60)
    assert ran.returncode == 0, err.decode()
    told: list[dict[str, Any]] = [json.loads(line) for line in out.decode().splitlines()]
    return {one["name"].rpartition("::")[2]: one["why"] for one in told}


async def test_webfinger_is_as_rfc_7033_says(tmp_path: Path) -> None:
    found = await judged(HERE, tmp_path)
    assert len(found) == 18
    assert {name: why for name, why in found.items() if why} == {}
    named = os.environ.get("OBVERSE_FEDITEST_SET")
    if named is not None:
        second = tmp_path / "second"
        second.mkdir()
        found = await judged(Path(named), second)
        assert len(found) == 18
        assert {name for name, why in found.items() if why} == set(NOT_ON_LOOPBACK), found
