"""A browser, and the story that it walks through: both once for all tests of this directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser.looking import WAIT_MS, axe_source
from tests.browser.story import Told, told_story
from tests.browser.street import Pair, open_pair
from tests.e2e.conftest import free_rows
from tests.needs import need_command

__all__ = ["axe", "chromium", "launched", "pair", "told"]


def launched(playwright: Playwright, executable: str) -> Browser:
    """Debian's Chromium. Root has no sandbox of its own; nothing but our own pages is opened in it."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=executable, args=arguments)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = need_command("chromium")
    expect.set_options(timeout=WAIT_MS)  # a machine that is busy with all the other tests takes its time
    with sync_playwright() as playwright:
        browser = launched(playwright, executable)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    return axe_source()


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory, chromium: Browser, axe: str) -> Iterator[Told]:
    """The story; made once it is known that there is a browser to read it with."""
    home: Path = tmp_path_factory.mktemp("story")
    with told_story(home, next(free_rows())[0]) as story:
        yield story


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Pair]:
    """Ana and a shop that she knows, for tests of one step: nothing has happened between them."""
    with open_pair(tmp_path_factory.mktemp("pair")) as pair:
        yield pair
