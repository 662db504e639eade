"""`verify` tells three things apart and says so by its exit code; `export` never replaces a file."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import anyio
import pytest

from federation.keys import ed25519_from_seed
from federation.ports import KnownKey
from node.config import load_config
from node.container import open_node

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "messages"
BUNDLE = str(GOLDEN / "40-bundle.json")
ANA = "https://ana.example/p/NNQSzoUrVZvVMmYqduP3mq"
SHOP = "https://shop.example/actors/shop"
ENTRIES = {entry["actor"]: entry for entry in json.loads((GOLDEN / "99-test-keys.json").read_bytes())["keys"]}
BOTH = ("--key", f"{ANA}={ENTRIES[ANA]['publicKeyMultibase']}", "--key",
        f"{SHOP}={ENTRIES[SHOP]['publicKeyMultibase']}")  # fmt: skip


@pytest.fixture
def nowhere(tmp_path: Path) -> tuple[str, str]:
    """A verifier without a node of their own."""
    return "--data", str(tmp_path / "none")


def test_pinned_keys_end_with_0(obverse: Any, nowhere: Any) -> None:
    ran = obverse("verify", BUNDLE, *BOTH, *nowhere)
    assert ran.code == 0
    assert "Signed: yes" in ran.out
    assert ran.out.count("the key that you gave") == 2
    assert "1 North Kid 20 for 289.00 EUR, on PDC-INTENT, SD-BASE-DP" in ran.out


def test_recorded_keys_end_with_3_and_say_what_that_means(obverse: Any, nowhere: Any) -> None:
    ran = obverse("verify", BUNDLE, *nowhere)
    assert ran.code == 3
    assert ran.out.count("this file alone cannot prove it") == 2
    assert "from shop.example at 2026-11-21T09:59:00Z" in ran.out


def test_another_key_than_the_pinned_one_ends_with_1(obverse: Any, nowhere: Any) -> None:
    swapped = f"{SHOP}={ENTRIES[ANA]['publicKeyMultibase']}"
    ran = obverse("verify", BUNDLE, "--key", swapped, *nowhere)
    assert ran.code == 1
    assert "NOT the key that you gave" in ran.out


def test_keys_may_stand_in_a_file(obverse: Any, nowhere: Any, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"# whom I know\n{BOTH[1]}\n\n{BOTH[3]}\n")
    assert obverse("verify", BUNDLE, "--key-file", str(keys), *nowhere).code == 0


def test_keys_that_the_own_node_has_met_end_with_0(obverse: Any, data: Path) -> None:
    async def meet() -> None:
        async with open_node(load_config(data)) as opened:
            for actor in (ANA, SHOP):
                key = ed25519_from_seed(f"{actor}#ed25519-key", actor, bytes.fromhex(ENTRIES[actor]["seed"]))
                known = KnownKey(key.public, actor, b"{}", opened.node.now())
                await opened.node.db.public_keys.save(known)

    assert obverse("verify", BUNDLE).code == 3
    anyio.run(meet)
    ran = obverse("verify", BUNDLE)
    assert ran.code == 0
    assert "your own node knows" in ran.out


def test_verdict_is_told_as_json(obverse: Any, nowhere: Any) -> None:
    ran = obverse("verify", BUNDLE, "--json", *nowhere)
    assert ran.code == 3
    assert (ran.json["signed"], ran.json["whose"], ran.json["exit_code"]) == (True, "recorded", 3)
    assert [message["kind"] for message in ran.json["messages"]] == [
        "cast", "update", "offer", "accept", "conclude",
    ]  # fmt: skip
    assert ran.json["agreement"]["price"] == "289.00 EUR"


def test_altered_bundle_ends_with_1_and_names_the_message(obverse: Any, nowhere: Any, tmp_path: Path) -> None:
    bundle = json.loads(Path(BUNDLE).read_bytes())
    del bundle["messages"][2]
    file = tmp_path / "altered.json"
    file.write_text(json.dumps(bundle))
    ran = obverse("verify", str(file), *BOTH, *nowhere)
    assert ran.code == 1
    assert "Signed: NO" in ran.out
    assert "offer_digest is not here" in ran.out


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("/nowhere.json",), "bundle"),
        ((str(GOLDEN / "01-intent.json"),), "bundle"),
        ((BUNDLE, "--key", "z6Mk"), "key"),
        ((BUNDLE, "--key", f"{SHOP}=z6Mk"), "key"),
        ((BUNDLE, "--key-file", "/nowhere.keys"), "key-file"),
    ],
)
def test_what_cannot_be_judged_is_named(
    words: tuple[str, ...], field: str, obverse: Any, nowhere: Any
) -> None:
    ran = obverse("verify", *words, "--json", *nowhere)
    assert (ran.code, ran.json["error"]["field"]) == (2, field)


# --- export -------------------------------------------------------------------------------------------------


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The node's part is tested between real nodes (tests/integration/test_evidence.py)."""
    bundle = json.loads(Path(BUNDLE).read_bytes())
    result = {"deal": bundle["deal"], "messages": 5, "bundle": bundle}
    monkeypatch.setattr("node.cli.front.Front.ask", lambda *_, **__: result)


@pytest.mark.usefixtures("exported")
def test_export_writes_a_new_file_for_its_owner_alone(obverse: Any, tmp_path: Path) -> None:
    file = tmp_path / "deal.json"
    ran = obverse("export", "qU2Lvu", "-o", str(file))
    assert ran.code == 0
    assert f"obverse verify {file}" in ran.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_bytes()) == json.loads(Path(BUNDLE).read_bytes())
    again = obverse("export", "qU2Lvu", "-o", str(file), "--json")
    assert (again.code, again.json["error"]["field"]) == (2, "output")


@pytest.mark.usefixtures("exported")
def test_export_goes_to_a_pipe_as_it_is(obverse: Any) -> None:
    assert obverse("export", "qU2Lvu").json == json.loads(Path(BUNDLE).read_bytes())


def test_export_of_an_unknown_deal_is_refused(obverse: Any) -> None:
    assert obverse("export", "abcdef").code == 2
