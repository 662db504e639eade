"""One street for all tests of this directory: our two nodes, and the Fedify servers that a test asks for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.demo.neighbour import Neighbour, Runtime, find_runtime
from tests.e2e.conftest import free_rows
from tests.interop.peers import SET_UPS, Street, open_street
from tests.needs import want

__all__ = ["fedify", "runtime", "street"]


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    found = find_runtime()
    if found is None:
        want("Fedify and Node.js of version 22 or newer (make fediverse, which needs npm)")
    return found


@pytest.fixture(scope="session")
def street(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    ports = next(free_rows())[: 2 + len(SET_UPS)]
    with open_street(tmp_path_factory.mktemp("street"), ports, runtime) as street:
        yield street


@pytest.fixture(params=list(SET_UPS))
def fedify(request: pytest.FixtureRequest, street: Street) -> Neighbour:
    """A Fedify server; each test runs with each way to set it up."""
    return street.neighbour(request.param)
