"""One performance of the demo: set up, play, prove, stay up, and leave nothing running behind."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from node.demo.entrances import show_entrances, show_outsider
from node.demo.neighbour import ActFailed, NeighbourPlan, Runtime, find_runtime, open_neighbour
from node.demo.outsider import BEN, Outsider
from node.demo.people import stock
from node.demo.proof import prove
from node.demo.scenes import Scenes
from node.demo.stage import CAST, Network, Stage, StageFailed, free_ports, log_tails, open_stage
from node.demo.story import VENDORS, Story, Told
from node.demo.waiting import StepFailed
from node.demo.words import Teller
from node.domain.errors import InvalidInput
from node.runtime.asking import CommandFailed

__all__ = ["run"]

DONE, FAILED, INTERRUPTED = 0, 1, 130
LOOK_S = 0.5
FAILURES = (StageFailed, StepFailed, CommandFailed, ActFailed, InvalidInput, OSError)
NEIGHBOUR = "fedi.localhost"


class _Ended(BaseException):
    """SIGTERM or SIGHUP: leave as on Ctrl-C, so that the nodes are ended, too."""


def run(once: bool, base_port: int, keep: Path | None) -> int:
    """Play the demo; its exit code.

    Shapes: `once` ends it when the story is told, else it stays up until Ctrl-C. `base_port` is the first of
            four, and of one more where a server of another make can be run; 0 for any that are free. The data
            lies in `keep`, None for a directory that is removed.
    """
    teller = Teller()
    began = time.monotonic()
    with _signals():
        try:
            with ExitStack() as opened:
                home = _home(keep, opened)
                return _perform(home, once, base_port, teller, began)
        except (KeyboardInterrupt, _Ended):
            teller.say()
            teller.say("Ended, and the four nodes with it.")
            return INTERRUPTED if once else DONE


def _home(keep: Path | None, opened: ExitStack) -> Path:
    if keep is None:
        return Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="obverse-demo-")))
    keep.mkdir(parents=True, exist_ok=True)
    return keep.absolute()


@contextmanager
def _signals() -> Iterator[None]:
    """Signals that would end this at once end it in order."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise _Ended

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- the performance --------------------------------------------------------------------------------------


def _perform(home: Path, once: bool, base_port: int, teller: Teller, began: float) -> int:
    at = "setting up"
    with ExitStack() as opened:
        try:
            runtime = find_runtime()
            ports = free_ports(len(CAST) + (runtime is not None), base_port or None)
            stage = _set_up(home, ports, teller, opened)
            outsider = _open_outsider(stage, runtime, ports[-1], teller, opened)
            story = Story(stage, teller)
            at = "the story"
            _show_story(teller)
            told = story.play()
            at = "the proof"
            prove(stage, told, teller)
            at = "the fediverse"
            _show_outsider(outsider, told, teller)
            at = "what is left alive"
            _show_scenes(Scenes(stage, told), outsider, teller)
            teller.say()
            teller.say(f"All of it took {time.monotonic() - began:.1f} s.", "bold")
            if once:
                teller.say("Without --once the four nodes stay up, and it says how to log in and go on.")
                return DONE
            at = "the ways in"
            show_entrances(stage, told, teller)
            show_outsider(outsider, teller)
        except FAILURES as error:
            step = story.now_at if at == "the story" else at
            step = outsider.now_at if at == "the fediverse" and outsider else step
            notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
            teller.failed(step, f"{error}{notes}", log_tails(home))
            return FAILED
        teller.say()
        teller.say("The four nodes stay up until Ctrl-C.", "bold")
        return _stay_up(stage, teller)


def _show_story(teller: Teller) -> None:
    teller.heading("The deal")
    teller.say("Checked at the node that received it: the request's signature, the message's own proof,")
    teller.say("and each digest, its own and those that it cites.")
    teller.columns()


def _show_scenes(scenes: Scenes, outsider: Outsider | None, teller: Teller) -> None:
    """What there is to look at once the story is told, by whose pages show it."""
    with teller.working("leaving more to look at"):
        seen = [*scenes.set_up(), *(outsider.leave_alive() if outsider else [])]
        seen.sort(key=lambda scene: scene[0] != "Ana")
    teller.heading("Left alive on their pages, to look at and to go on with")
    for whose, what in seen:
        teller.say(f"    {whose:<6} {what}")


def _open_outsider(
    stage: Stage, runtime: Runtime | None, port: int, teller: Teller, opened: ExitStack
) -> Outsider | None:
    """The server of another make, where it can be run."""
    if runtime is None:
        return None
    names = [NEIGHBOUR, *(player.domain for player in stage.players.values())]
    plan = NeighbourPlan(NEIGHBOUR, port, names, users=(BEN,))
    began = time.monotonic()
    with teller.working("starting a fediverse server of another make"):
        neighbour = opened.enter_context(open_neighbour(runtime, plan, stage.home / "fedi.log"))
    took = time.monotonic() - began
    teller.say(f"    Ben    {plan.origin:<29} no node: a user of a Fedify server, started in {took:.1f} s")
    return Outsider(stage, neighbour, teller)


def _show_outsider(outsider: Outsider | None, told: Told, teller: Teller) -> None:
    teller.heading("The fediverse")
    if outsider is None:
        teller.say(
            "Left out: how Ben, a user of a fediverse server of another make, follows South, reads and"
        )
        teller.say("replies to a post, asks for a quote and takes it. It needs Fedify and Node.js, which")
        teller.say("`make fediverse` installs from npm: some 280 MB under build/. Then run the demo again.")
        return
    teller.say("Ben has no node, only an account on a server that knows nothing of Obverse. Each side takes")
    teller.say("what the other one signed, and shows it as it shows everybody's.")
    outsider.play(told.feedback_url)


def _set_up(home: Path, ports: list[int], teller: Teller, opened: ExitStack) -> Stage:
    teller.say("Obverse: a person and three vendors, four nodes on this machine, strike a deal.", "bold")
    teller.say(
        "TLS is left out here: plain HTTP between four addresses, each named in each node's allow-list."
    )
    teller.heading("Setting up")
    began = time.monotonic()
    with teller.working("making and starting four nodes"):
        network = Network(
            ports[: len(CAST)], neighbours=[f"{NEIGHBOUR}:{port}" for port in ports[len(CAST) :]]
        )
        stage = opened.enter_context(open_stage(home, network))
    took = time.monotonic() - began
    teller.say(f"    four processes, each with its own keys and database: {took:.1f} s")
    _show_player(stage, "ana", "a person, who lives alone on her node", teller)
    for vendor in VENDORS:
        with teller.working(f"{vendor} imports its catalogue"):
            _show_player(stage, vendor, stock(stage[vendor]), teller)
    return stage


def _show_player(stage: Stage, name: str, words: str, teller: Teller) -> None:
    player = stage[name]
    teller.say(f"    {name.title():<6} {player.url:<29} {player.display}: {words}")


# --- afterwards -------------------------------------------------------------------------------------------


def _stay_up(stage: Stage, teller: Teller) -> int:
    while (ended := stage.ended()) is None:
        time.sleep(LOOK_S)
    teller.failed("staying up", f"{ended.name}'s node has ended by itself", log_tails(stage.home))
    return FAILED
