"""Runs checks of a WebFinger server by FediTest's own reading of it, in the environment where FediTest is.

    python run.py HOST PORT CA_FILE DIRECTORY  →  {"name": …, "passed": …, "why": …}\n for each check

The host is asked at https://HOST/, as anybody would, but found on this machine at the given port. Checks are
functions of (client, server) below the directory, marked with FediTest's `test`.
"""

from __future__ import annotations

import json
import ssl
import sys
from typing import Any

import httpx
from feditest import all_tests, load_tests_from
from feditest.protocols.web.diag import HttpRequestResponsePair, HttpResponse
from feditest.protocols.webfinger.abstract import AbstractWebFingerDiagClient
from multidict import MultiDict

LONGEST_WHY = 300


class Transport(httpx.HTTPTransport):
    """Opens every address at one port of this machine, and believes the certificate of the name asked for."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host
        request.headers["host"] = name
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        request.extensions = {**request.extensions, "sni_hostname": name}
        return super().handle_request(request)


class Client(AbstractWebFingerDiagClient):  # type: ignore[misc]
    """FediTest's diagnostic client over that transport. Certificates are always checked."""

    def __init__(self, port: int, ca_file: str) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=ca_file)

    def http(self, request: Any, follow_redirects: bool = True, verify: bool = True) -> Any:
        with httpx.Client(
            transport=Transport(self._port, self._context), follow_redirects=follow_redirects
        ) as client:
            answer = client.request(request.method, request.parsed_uri.uri)
        headers: MultiDict[str] = MultiDict((key.lower(), value) for key, value in answer.headers.items())
        return HttpRequestResponsePair(
            request, request, HttpResponse(answer.status_code, headers, answer.content)
        )


class Server:
    """What the checks must know of the server."""

    def __init__(self, hostname: str) -> None:
        self.hostname = hostname

    def obtain_account_identifier(self, rolename: str | None = None) -> str:
        return f"acct:ana@{self.hostname}"

    def obtain_non_existing_account_identifier(self, rolename: str | None = None) -> str:
        return f"acct:nobody-at-all@{self.hostname}"


def main(hostname: str, port: str, ca_file: str, directory: str) -> None:
    client, server = Client(int(port), ca_file), Server(hostname)
    load_tests_from([directory])
    for name, check in all_tests.items():
        why = ""
        try:
            check.test_function(client, server)
        except Exception as error:  # whatever a check thinks of is what is to be told
            why = f"{type(error).__name__}: {error}"[:LONGEST_WHY]
        print(json.dumps({"name": name, "passed": not why, "why": why}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:5])
