"""What RFC 7033 asks of a server, each check a sentence; run by `run.py`, with FediTest's client and its
reading of a JRD. FediTest's own set of such checks is not in its package.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from json import JSONDecodeError
from typing import Any
from urllib.parse import quote

from feditest import test
from feditest.protocols.webfinger import WebFingerServer
from feditest.protocols.webfinger.diag import ClaimedJrd, WebFingerDiagClient
from feditest.protocols.webfinger.utils import construct_webfinger_uri_for

Check = Callable[[WebFingerDiagClient, WebFingerServer], None]
JRD = "application/jrd+json"
PAGE, SELF, NONE = "http://webfinger.net/rel/profile-page", "self", "nobody-knows-this"


def check(function: Check) -> Check:
    """Have FediTest know of it."""
    test(function)
    return function


def asked(client: WebFingerDiagClient, server: WebFingerServer, *rels: str) -> Any:
    """The JRD about the account, for these relations; read and judged by FediTest."""
    found = client.diag_perform_webfinger_query(server.obtain_account_identifier(), rels=list(rels))
    assert not found.exceptions, [str(one) for one in found.exceptions]
    return found


def answered(client: WebFingerDiagClient, server: WebFingerServer, query: str) -> Any:
    """The answer to a query that no client of FediTest's would send."""
    return client.http_get(f"https://{server.hostname}/.well-known/webfinger{query}").response


def is_jrd(answer: Any) -> bool:
    try:
        ClaimedJrd.create_and_validate(answer.payload.decode())
    except (ExceptionGroup, ClaimedJrd.JrdError, JSONDecodeError, RuntimeError):
        return False
    return True


def links(found: Any) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = found.jrd.links()
    return said


# --- §4.1, §4.2, §4.3: what is asked ---------------------------------------------------------------------


@check
def account_is_found(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    found = asked(client, server)
    assert found.jrd.subject() == server.obtain_account_identifier()
    found.jrd.validate()


@check
def order_of_parameters_means_nothing(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    said = [asked(client, server, *rels).jrd.as_json_string() for rels in permutations((PAGE, SELF, NONE))]
    assert len(set(said)) == 1, said


@check
def query_without_resource_is_400(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    assert answered(client, server, "").http_status == 400


@check
def query_without_resource_gets_no_jrd(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    answer = answered(client, server, "")
    assert not str(answer.content_type()).startswith(JRD)
    assert not is_jrd(answer)


@check
def resource_without_scheme_is_400(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    bare = server.obtain_account_identifier().removeprefix("acct:")
    assert answered(client, server, f"?resource={bare}").http_status == 400


@check
def resource_without_scheme_gets_no_jrd(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    bare = server.obtain_account_identifier().removeprefix("acct:")
    assert not is_jrd(answered(client, server, f"?resource={bare}"))


@check
def resource_after_two_equals_signs_is_400(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    query = f"?resource=={quote(server.obtain_account_identifier())}"
    assert answered(client, server, query).http_status == 400


@check
def resource_after_two_equals_signs_gets_no_jrd(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    assert not is_jrd(answered(client, server, f"?resource=={quote(server.obtain_account_identifier())}"))


@check
def unknown_account_is_404(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    url = construct_webfinger_uri_for(server.obtain_non_existing_account_identifier())
    assert client.http_get(url).response.http_status == 404


@check
def resource_of_any_scheme_is_looked_for(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    for resource in ("mailto:abc@def.com", f"foo://{server.hostname}", "urn:isbn:0451450523"):
        assert answered(client, server, f"?resource={quote(resource)}").http_status == 404, resource


@check
def percent_encoded_resource_is_the_same(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    resource = server.obtain_account_identifier()
    for spelt in (resource, quote(resource, safe=""), "".join(f"%{ord(one):02X}" for one in resource)):
        assert answered(client, server, f"?resource={spelt}").http_status == 200, spelt


# --- §4.3: relations ---------------------------------------------------------------------------------------


@check
def known_relation_is_taken(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    for rel in (PAGE, SELF):
        found = asked(client, server, rel)
        assert [link["rel"] for link in links(found)] == [rel]


@check
def unknown_relation_is_taken(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    assert links(asked(client, server, NONE)) == []


@check
def several_relations_are_taken(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    all_of_them = links(asked(client, server))
    some = links(asked(client, server, NONE, SELF, PAGE))
    assert {link["rel"] for link in some} == {SELF, PAGE}
    assert all(link in all_of_them for link in some)


# --- §4, §5, §9: how it is answered ------------------------------------------------------------------------


@check
def answer_is_of_the_right_type(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    answer = client.http_get(construct_webfinger_uri_for(server.obtain_account_identifier())).response
    assert answer.http_status == 200
    assert answer.content_type() == JRD


@check
def pages_elsewhere_may_ask(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    answer = client.http_get(construct_webfinger_uri_for(server.obtain_account_identifier())).response
    assert answer.response_headers.get("access-control-allow-origin") == "*"


@check
def redirects_stay_within_https(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    assert asked(client, server).http_request_response_pair.final_request.parsed_uri.scheme == "https"


@check
def certificate_is_valid(client: WebFingerDiagClient, server: WebFingerServer) -> None:
    url = construct_webfinger_uri_for(server.obtain_account_identifier())
    assert client.http_get(url, verify=True).response.http_status == 200
