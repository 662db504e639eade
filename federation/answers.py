"""What is answered where a request is refused: problem documents (RFC 9457), the same words at every door."""

from __future__ import annotations

from starlette.responses import Response

from federation.errors import Refused
from federation.heads import Fault
from federation.messages import JsonObject
from federation.strictjson import dump_json
from federation.vocab import PROBLEM_JSON

__all__ = ["NEGOTIATED", "PLAIN", "closing", "not_allowed", "not_found", "problem", "refusal", "refused_head"]

PLAIN = {"x-content-type-options": "nosniff"}
NEGOTIATED = {**PLAIN, "vary": "Accept, Signature"}


def problem(
    status: int,
    title: str,
    detail: str = "",
    *,
    place: str = "",
    retry_after_s: int | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem document (RFC 9457): what is wrong, and in `place` where in the message."""
    body: JsonObject = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if place:
        body["place"] = place
    extra = {**PLAIN, **(headers or {})}
    if retry_after_s is not None:
        extra["retry-after"] = str(retry_after_s)
    return Response(dump_json(body), status, extra, PROBLEM_JSON)


def refusal(error: Refused, headers: dict[str, str] | None = None) -> Response:
    """The problem document of a refusal, with what its sender is told of it."""
    return problem(
        error.status,
        error.title,
        error.detail,
        place=error.place,
        retry_after_s=error.retry_after_s,
        headers=headers,
    )


def not_found() -> Response:
    """The one answer for what does not exist and for what is not to be seen (`security P03`)."""
    return problem(404, "Not found", headers=NEGOTIATED)


def not_allowed(allow: str) -> Response:
    """405, with the methods that there are."""
    return problem(405, "Method not allowed", headers={"allow": allow})


def closing(response: Response) -> Response:
    """The same, and the connection ends with it: the rest of the request is not going to be read."""
    response.headers["connection"] = "close"
    return response


def refused_head(fault: Fault) -> Response:
    """The answer to a head that is refused; the connection ends with it."""
    allow = {"allow": "GET, HEAD, POST"} if fault.status == 405 else None
    return closing(problem(fault.status, fault.title, fault.detail, place=fault.place, headers=allow))
