"""Gives a Python process names of its own: `INTEROP_NAMES` is a JSON file of hosts and their addresses."""

import json
import os
import socket
from pathlib import Path
from typing import Any

_names = json.loads(Path(os.environ["INTEROP_NAMES"]).read_text(encoding="utf-8"))
_ask = socket.getaddrinfo


def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
    """As the system's, for these names by the file."""
    name = host.decode() if isinstance(host, bytes) else host
    return _ask(_names.get(name, host), *rest, **more)


socket.getaddrinfo = getaddrinfo
