import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.activity import Activity, parse_activity
from federation.errors import InvalidDocument, InvalidJson, TooLarge
from federation.jsonld import check_context, has_forbidden_keywords, has_user_information
from federation.messages import Limits
from federation.strictjson import dump_json
from federation.vocab import AS_CONTEXT, AS_TERMS, PUBLIC


def parse(**change: Any) -> Activity:
    document = {
        "@context": AS_CONTEXT,
        "id": "https://m.example/1",
        "type": "Create",
        "actor": "https://m.example/ana",
        "object": {"id": "https://m.example/2", "type": "Note"},
        **change,
    }
    return parse_activity(dump_json({name: value for name, value in document.items() if value is not ...}))


def test_the_usual_shape() -> None:
    activity = parse(to="https://x.example/", cc=[{"id": "https://y.example/"}, 5])
    assert (activity.id, activity.type, activity.actor) == (
        "https://m.example/1", "Create", "https://m.example/ana")  # fmt: skip
    assert (activity.object_id, activity.object_type) == ("https://m.example/2", "Note")
    assert (activity.to, activity.cc) == (("https://x.example/",), ("https://y.example/",))
    assert not activity.is_public
    assert activity.object["type"] == "Note"


def test_one_or_many_and_id_or_object_mean_the_same() -> None:
    activity = parse(type=["Create"], actor=[{"id": "https://m.example/ana"}], object=["https://m.example/2"])
    assert (activity.type, activity.actor, activity.object_id, activity.object_type) == (
        "Create", "https://m.example/ana", "https://m.example/2", "")  # fmt: skip
    assert activity.object == "https://m.example/2"


def test_several_objects_have_no_one_id() -> None:
    activity = parse(type="Flag", object=["https://m.example/2", "https://m.example/3"])
    assert activity.object_id is None
    assert activity.object == ["https://m.example/2", "https://m.example/3"]
    assert parse(object=...).object is None


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
def test_the_public_is_known_in_three_spellings(spelling: str) -> None:
    assert parse(to=spelling).is_public
    assert parse(cc=["https://x.example/", spelling]).is_public


def test_an_unknown_type_is_kept() -> None:
    assert parse(type="Frobnicate").type == "Frobnicate"
    assert parse(type=["Frobnicate", "Like"]).type == "Like"


def test_an_actor_that_deletes_itself_is_told_from_one_that_deletes_a_note() -> None:
    assert parse(type="Delete", object="https://m.example/ana").is_self_delete
    assert not parse(type="Delete", object="https://m.example/2").is_self_delete
    assert not parse(type="Undo", object="https://m.example/ana").is_self_delete


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"id": ...}, "/id"),
        ({"id": 5}, "/id"),
        ({"id": "urn:uuid:1"}, "/id"),
        ({"id": "https://m@x.example/1"}, "/id"),
        ({"actor": ...}, "/actor"),
        ({"actor": ["https://m.example/ana", "https://m.example/bob"]}, "/actor"),
        ({"actor": {"name": "Ana"}}, "/actor"),
        ({"type": ...}, "/type"),
        ({"type": []}, "/type"),
        ({"type": [7]}, "/type"),
        ({"type": ["Create", "Delete"]}, "/type"),
    ],
)
def test_what_has_no_one_meaning_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse(**change)
    assert caught.value.place == place


@pytest.mark.parametrize("keyword", ["@graph", "@included", "@reverse"])
def test_d10_restructuring_keywords_are_refused_anywhere(keyword: str) -> None:
    with pytest.raises(InvalidDocument):
        parse(object={"type": "Note", "tag": [{keyword: []}]})


@pytest.mark.parametrize(
    "written", ["https://t@m.example/", "https:\\/\\/t@m.example/", "https://t\\u0040m.example/"]
)
def test_c10_an_address_that_names_a_user_is_refused_however_it_is_escaped(written: str) -> None:
    body = dump_json(
        {"id": "https://m.example/1", "type": "Like", "actor": "https://m.example/ana", "to": ["X"]}
    )
    assert parse_activity(body.replace(b"X", rb"https:\/\/m.example")).to == ("https://m.example",)
    with pytest.raises(InvalidDocument):
        parse_activity(body.replace(b"X", written.encode()))


def test_d11_an_inline_context_that_redefines_actor_is_refused() -> None:
    with pytest.raises(InvalidDocument):
        parse(**{"@context": [AS_CONTEXT, {"actor": "https://m.example/ns#victim"}]})


def test_d11_terms_of_the_application_are_guarded_too() -> None:
    body = dump_json(
        {"@context": [AS_CONTEXT, {"price": "https://m.example/ns#tip"}], "id": "https://m.example/1",
         "type": "Offer", "actor": "https://m.example/ana"}
    )  # fmt: skip
    assert parse_activity(body).type == "Offer"
    with pytest.raises(InvalidDocument):
        parse_activity(body, terms={"price": ("https://deals.example/ns#price",)})


def test_f17_too_many_recipients_are_refused_wherever_they_stand() -> None:
    body = dump_json(
        {"id": "https://m.example/1", "type": "Like", "actor": "https://m.example/ana", "bcc": ["x"] * 9}
    )
    assert parse_activity(body, limits=Limits(recipients=10)).type == "Like"
    with pytest.raises(TooLarge):
        parse_activity(body, limits=Limits(recipients=9))


def test_bytes_that_are_no_object_are_refused() -> None:
    for body in (b"", b"[]", b'"x"', b'{"id":1,"id":2}'):
        with pytest.raises(InvalidJson):
            parse_activity(body)


def test_one_long_key_above_a_long_list_costs_neither_time_nor_memory() -> None:
    """Places of values are written out for a refusal only: as text they would take gigabytes here."""
    body = dump_json(
        {
            "id": "https://m.example/1",
            "type": "Like",
            "actor": "https://m.example/a",
            "k" * 60_000: [[]] * 60_000,
        }
    )
    tracemalloc.start()
    try:
        parse_activity(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


def test_the_place_of_a_redefined_term_is_named_but_cut() -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse(tag=[{"@context": [{"actor": "urn:x"}]}])
    assert caught.value.place == "/tag/0/@context/0/actor"
    with pytest.raises(InvalidDocument) as caught:
        parse(**{"k" * 5000: {"@context": {"actor": "urn:x"}}})
    assert len(caught.value.place) == 200


# --- what a search of the bytes decides, the walk through the document would decide -----------------------

_contexts = st.recursive(
    st.sampled_from(
        [AS_CONTEXT, {"actor": "https://x.example/other"}, {"to": "as:to"}, {"x": {"@id": "x:y"}}, {}, None]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.builds(lambda one: {"x": {"@context": one}}, inner),
    max_leaves=3,
)
_texts = st.sampled_from(
    [
        "a",
        "@graph",
        "https://u@h.example/",
        "https:\\\\u@h.example/",
        "https:/\\u@h",
        "https://h.example/@u",
        "@@",
        "a@b",
        "HTTP://u:p@h.example",
        "http\u017f://u@h",
    ]
)
_values = st.recursive(
    _texts | st.builds(lambda one: {"@context": one}, _contexts),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["b", "@graph", "@reverse", "c"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def _write(value: Any, escaped: str, slash: str) -> str:
    """JSON in which these characters of every string are escaped by number, and slashes are written so."""
    if isinstance(value, str):
        plain = {"\\": "\\\\", "/": slash}
        spelled = (f"\\u{ord(c):04x}" if c in escaped or c > "~" else plain.get(c, c) for c in value)
        return f'"{"".join(spelled)}"'
    if isinstance(value, dict):
        members = (f"{_write(k, escaped, slash)}:{_write(v, escaped, slash)}" for k, v in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_write(item, escaped, slash) for item in value) + "]"
    return "null"


@st.composite
def _written(draw: st.DrawFn) -> bytes:
    """An activity in one of the many ways to write it."""
    document: dict[str, Any] = {"id": "https://a.example/1", "type": "Create", "actor": "https://a.example/a"}
    document["object"] = draw(_values)
    if draw(st.booleans()):
        document["@context"] = draw(_contexts)
    if draw(st.booleans()):
        document["proof"] = draw(st.builds(lambda one: {"@context": one}, _contexts) | _values)
    return _write(
        document, draw(st.sampled_from(["", *"@/:\\guhct"])), draw(st.sampled_from(["/", "\\/"]))
    ).encode()


_PLAIN = b'{"@context":%b,"id":"https://a.example/1","type":"Create","actor":"https://a.example/a"}'


@given(body=_written())
@example(
    body=b'{"@context":[[{"actor":"x"}]],"id":"https://a.example/1","type":"C","actor":"https://a.example/a"}'
)
@example(
    body=b'{"@context":{"actor":"x"},"id":"https://a.example/1","type":"C","actor":"https://a.example/a"}'
)
@example(body=b'{"@context":[[]],"id":"https://a.example/1","type":"C","actor":"https://a.example/a"}')
def test_a_search_of_the_bytes_finds_what_a_walk_finds(body: bytes) -> None:
    document = json.loads(body)
    is_fit = not has_forbidden_keywords(document) and not has_user_information(document)
    try:
        check_context(document, AS_TERMS)
    except InvalidDocument:
        is_fit = False
    if is_fit:
        assert parse_activity(body).json == document
    else:
        with pytest.raises(InvalidDocument):
            parse_activity(body)
