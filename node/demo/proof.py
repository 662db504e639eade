"""The evidence of the deal, taken along in one file and judged where no node is: signed, by whose keys."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from pathlib import Path

from federation.messages import JsonObject
from federation.strictjson import dump_json, parse_json_object
from node.demo.stage import OBVERSE, Player, Stage
from node.demo.story import Told
from node.demo.visitor import connect
from node.demo.waiting import StepFailed
from node.demo.words import Held, Teller

__all__ = ["prove"]

VERIFY_S = 60.0
MOST_BYTES = 1024 * 1024
ACTIVITY_JSON = "application/activity+json"


def prove(stage: Stage, told: Told, teller: Teller) -> None:
    """Export Ana's side, and have it verified offline against keys fetched from each party's own address.

    Raises: StepFailed.
    """
    ana, south = stage["ana"], stage["south"]
    began = time.monotonic()
    bundle = _export(ana, told, stage.home / "deal.json")
    page = _get(ana, told.feedback_url, "text/html")
    if told.feedback_words.encode() not in page:
        raise StepFailed("the public feedback is not on its page")
    keys = [_pin(ana, told.persona), _pin(south, south.actor)]
    report = _verify(bundle, keys, nobody=stage.home / "nobody")
    digests = len(report["messages"])
    held = Held(digests, digests, time.monotonic() - began)
    words = f"evidence of {digests} messages, verified offline"
    teller.step("Ana → anybody", words, held)


def _export(ana: Player, told: Told, path: Path) -> Path:
    exported = ana.ask("deal.export", deal=told.deal)
    path.write_bytes(dump_json(exported["bundle"]) + b"\n")
    return path


def _pin(host: Player, actor: str) -> str:
    """`ACTOR=KEY`, as the actor's own server shows it to anybody."""
    document = parse_json_object(_get(host, actor, ACTIVITY_JSON))
    methods = document["assertionMethod"]
    method = methods[0] if isinstance(methods, list) else methods
    return f"{actor}={method['publicKeyMultibase']}"


def _get(player: Player, url: str, accept: str) -> bytes:
    """Fetch a public document as a stranger would; the name in the URL is this machine."""
    connection = connect(player)
    try:
        connection.request(
            "GET", url.removeprefix(player.url), headers={"Host": player.host, "Accept": accept}
        )
        answer = connection.getresponse()
        body = answer.read(MOST_BYTES)
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise StepFailed(f"{url} answers {answer.status}")
    return body


def _verify(bundle: Path, keys: list[str], *, nobody: Path) -> JsonObject:
    """`obverse verify` in a process of its own, whose data directory does not exist: it can ask no node."""
    command = [*OBVERSE, "--data", str(nobody), "--json", "verify", str(bundle)]
    for key in keys:
        command += ["--key", key]
    try:
        done = subprocess.run(  # noqa: S603 (our own command line, arguments of our own)
            command, capture_output=True, timeout=VERIFY_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise StepFailed(f"`obverse verify` took more than {VERIFY_S:g} s") from None
    try:
        report: JsonObject = json.loads(done.stdout)
    except ValueError:
        raise StepFailed(f"`obverse verify` said no JSON: {done.stderr.decode(errors='replace')}") from None
    if done.returncode != 0 or not report.get("signed") or report.get("whose") != "pinned":
        raise StepFailed(f"`obverse verify` ended with {done.returncode}: {report.get('problems')}")
    return report
