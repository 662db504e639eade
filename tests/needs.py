"""What a test needs of the machine beyond Python, and what becomes of it where that is missing.

    def test_sites_are_read_by_nginx() -> None:
        nginx = need_command("nginx", package="nginx-light")

On a developer's machine such a test is skipped, with a word that says what to install. With the environment
variable OBVERSE_REQUIRE_ALL=1, which `.ci/run` sets, it fails instead: nothing passes by being left out.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

__all__ = ["EVERYTHING", "need", "need_command", "need_root", "want"]

EVERYTHING = "OBVERSE_REQUIRE_ALL"

# Where Debian puts what is for administrators; not on everybody's PATH.
ADMINISTRATORS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def need_command(name: str, *, package: str | None = None) -> str:
    """The path of a command, or the end of this test.

    Shapes: `package` is the Debian package that brings it, where that is not called like the command.
    """
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *ADMINISTRATORS])
    found = shutil.which(name, path=places)
    if found is None:
        want(f"the command {name} (Debian: apt-get install {package or name})")
    return found


def need_root() -> None:
    """Root, for what only it may do: mounts, namespaces, other users."""
    if os.geteuid() != 0:
        want("root")


def need(condition: object, what: str) -> None:
    """Anything else that the machine must have: `need(can_trace(), "ptrace, for strace")`."""
    if not condition:
        want(what)


def want(what: str) -> NoReturn:
    """Skip this test for want of `what`; fail it where everything is required."""
    if os.environ.get(EVERYTHING) == "1":
        pytest.fail(f"needs {what}, and {EVERYTHING}=1 says that nothing may be skipped", pytrace=False)
    pytest.skip(f"needs {what}")
