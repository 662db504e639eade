"""What only we can know of our own address: is it we who answer, and does a message arrive as it was sent?

A proxy before the node may change what is signed, cut what is long, or believe what a stranger claims.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from federation import cavage
from federation.errors import FetchError
from federation.messages import HttpMessage
from federation.vocab import ACTIVITY_JSON, JRD_JSON
from node.domain.sayings import said
from node.examination.arrivals import MARK_HEADER
from node.examination.asking import Asker, Ours, json_of
from node.examination.findings import Check, Finding, failed, fine, trouble, warned
from node.examination.inboxes import harmless

__all__ = ["own_findings"]

_ELSEWHERE = "elsewhere.invalid"
_COVERED = ("host", "date", "digest", "signature", "content-type")
_CLAIMS = {
    "x-forwarded-host": _ELSEWHERE,
    "x-forwarded-proto": "gopher",
    "x-forwarded-for": "192.0.2.1",
    "forwarded": f"for=192.0.2.1;host={_ELSEWHERE};proto=gopher",
}
"""What anybody may write into a request, and nobody may be believed."""


async def own_findings(asker: Asker, ours: Ours) -> AsyncIterator[Finding]:
    """Look at the way to us through our public address. Raises: Spent."""
    try:
        answer = await asker.get(ours.node_actor, ACTIVITY_JSON)
    except FetchError as error:
        yield failed(Check.OURS, trouble(error), _LEAD_HERE)
        return
    found = json_of(answer) if answer.status == 200 else None
    if found is None or found.get("publicKey") != ours.public_key:
        seen = said(
            "another answers there: status %(status)s, and its keys are not ours", status=str(answer.status)
        )
        yield failed(Check.OURS, seen, _LEAD_HERE)
        return
    yield fine(Check.OURS, said("it is this node that answers"))
    yield _connections(answer)
    yield await _as_sent(asker, ours)
    yield await _large(asker, ours)
    yield await _proxy_headers(asker, ours)


_LEAD_HERE = said("Let the name, the proxy and the firewall lead to this node, and see that it runs.")
_AS_IT_CAME = said(
    "Let the proxy hand on Host, Date, Digest, Signature and the body as they came, byte for byte."
)


def _connections(answer: HttpMessage) -> Finding:
    """Whether a connection is kept: servers that send much use it again."""
    named = (answer.header("connection") or "").lower()
    if "close" in named:
        fix = said(
            "Let the proxy keep connections open for some seconds: each new one costs a TLS handshake."
        )
        return warned(Check.CONNECTIONS, said("each is closed after one answer"), fix)
    return fine(Check.CONNECTIONS, said("they are kept open"))


async def _as_sent(asker: Asker, ours: Ours) -> Finding:
    """A message of our own, signed, to ourselves: what of it does arrive, and would its signature hold?"""
    inbox, key = f"{ours.base_url}/inbox", asker.examiner.key
    if key is None:
        return warned(Check.AS_SENT, said("not tried: there is no key here to sign with"), _AS_IT_CAME)
    plain_request = HttpMessage.request(
        "POST",
        inbox,
        {"content-type": ACTIVITY_JSON, MARK_HEADER: ours.mark, **_CLAIMS},
        harmless(ours.node_actor, inbox, ours.mark),
    )
    sent = cavage.sign(plain_request, key, now=asker.examiner.now())
    with ours.arrivals.of(ours.mark) as arrival:
        try:
            answer = await asker.send(sent)
        except FetchError as error:
            return failed(Check.AS_SENT, trouble(error), _AS_IT_CAME)
    if arrival.message is None:
        seen = said(
            "a signed message of our own was answered %(status)s, and never came", status=str(answer.status)
        )
        return failed(Check.AS_SENT, seen, _AS_IT_CAME)
    changed = _changed(sent, arrival.message)
    if changed:
        return failed(Check.AS_SENT, said("on the way was changed: %(parts)s", parts=changed), _AS_IT_CAME)
    return fine(Check.AS_SENT, said("a signed message comes as it was sent"))


def _changed(sent: HttpMessage, came: HttpMessage) -> tuple[str, ...]:
    """Which parts of what a signature covers are not as they were sent."""
    parts = [name for name in _COVERED if came.values(name) != sent.values(name)]
    return (
        *parts,
        *(["URL"] if came.url != sent.url else []),
        *(["body"] if came.body != sent.body else []),
    )


async def _large(asker: Asker, ours: Ours) -> Finding:
    """The largest message that the node takes; unsigned, so that only the node itself refuses it with 401."""
    kib = ours.largest_bytes // 1024
    fix = said("Let the proxy take bodies of %(kib)s KiB (client_max_body_size, request_body).", kib=str(kib))
    try:
        answer = await asker.post(f"{ours.base_url}/inbox", ACTIVITY_JSON, b" " * ours.largest_bytes)
    except FetchError as error:
        return failed(Check.LARGE_BODY, trouble(error), fix)
    if answer.status == 401:
        return fine(Check.LARGE_BODY, said("%(kib)s KiB come through", kib=str(kib)))
    seen = said("%(kib)s KiB are answered %(status)s", kib=str(kib), status=str(answer.status))
    return failed(Check.LARGE_BODY, seen, fix)


async def _proxy_headers(asker: Asker, ours: Ours) -> Finding:
    """A stranger's claims about host and scheme change nothing of what is answered."""
    fix = said("Let nothing between build addresses from X-Forwarded headers that strangers send.")
    url = f"{ours.base_url}/.well-known/webfinger?resource={ours.base_url}/"
    try:
        usual = await asker.get(url, JRD_JSON)
        claimed = await asker.get(url, JRD_JSON, headers=_CLAIMS)
    except FetchError as error:
        return failed(Check.PROXY_HEADERS, trouble(error), fix)
    if (usual.status, usual.body) == (claimed.status, claimed.body):
        return fine(Check.PROXY_HEADERS, said("a stranger's claims are not believed"))
    seen = said("with a stranger's claims the answer is another: %(status)s", status=str(claimed.status))
    return failed(Check.PROXY_HEADERS, seen, fix)
