"""What systemd is told: that the node is ready, that it stops, and that it still answers; and the door that
it may keep for the node, where whoever comes while it is started anew waits, and is not turned away.

Spec: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3). Where nobody asked for it, nothing is said.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import anyio

__all__ = ["Notifier", "notifier_of", "passed_listener"]

LOG = logging.getLogger("obverse")

_FIRST_PASSED = 3
"""The file descriptor of the first socket that systemd passes."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """Speaks to the service manager. Shapes: `address` is "" for none. Units: `watchdog_s`, 0 for none."""

    address: str = ""
    watchdog_s: float = 0.0

    def tell(self, words: str) -> None:
        """Say one thing ("READY=1"); a manager that does not listen is not worth failing for."""
        if not self.address:
            return
        # A name that begins with "@" lies in no directory; the kernel writes that as a zero byte.
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.connect(address)
                line.send(words.encode())
        except OSError as error:
            LOG.warning("systemd was not told: %s", error)

    async def keep_alive(self, answers: Callable[[], Awaitable[None]]) -> None:
        """Tell the watchdog that the node lives, for as long as it does; returns at once without a watchdog.

        Shapes: `answers` asks the parts that must live; while it does not return, nothing is said.
        """
        if not self.address or self.watchdog_s <= 0:
            return
        while True:
            try:
                with anyio.move_on_after(self.watchdog_s) as asked:
                    await answers()
            except Exception as error:  # it answered, if only to refuse: that is for the owner, not a restart
                LOG.warning("the store refuses: %s", error)
            if not asked.cancelled_caught:
                self.tell("WATCHDOG=1")
            await anyio.sleep(self.watchdog_s / 3)


def notifier_of(environment: Mapping[str, str]) -> Notifier:
    """Read what systemd put into the environment. Shapes: `environment` is `os.environ`, or a test's."""
    meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    micros = environment.get("WATCHDOG_USEC", "")
    watchdog_s = int(micros) / 1e6 if meant and micros.isascii() and micros.isdigit() else 0.0
    return Notifier(environment.get("NOTIFY_SOCKET", ""), watchdog_s)


def passed_listener(environment: Mapping[str, str]) -> socket.socket | None:
    """The socket on which systemd listens for us, None where it does not. Call it once."""
    if environment.get("LISTEN_PID") != str(os.getpid()) or environment.get("LISTEN_FDS") in (None, "", "0"):
        return None
    os.set_inheritable(_FIRST_PASSED, False)  # none of our own children is to hold the door
    return socket.socket(fileno=_FIRST_PASSED)
