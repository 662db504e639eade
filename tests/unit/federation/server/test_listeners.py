import pytest

from federation.activity import Activity, parse_activity
from federation.errors import DuplicateListener
from federation.listeners import Listeners
from federation.strictjson import dump_json


def an_activity(type_: str, about: object) -> Activity:
    return parse_activity(
        dump_json(
            {"id": "https://m.example/1", "type": type_, "actor": "https://m.example/a", "object": about}
        )
    )


def test_the_handler_for_the_object_type_goes_before_the_general_one() -> None:
    listeners: Listeners = Listeners()

    @listeners.on("Create")
    def general() -> None: ...

    @listeners.on("Create", "Note", "Question")
    def notes() -> None: ...

    assert listeners.find(an_activity("Create", {"type": "Note"})) is notes
    assert listeners.find(an_activity("Create", {"type": "Question"})) is notes
    assert listeners.find(an_activity("Create", {"type": "Video"})) is general
    assert listeners.find(an_activity("Create", "https://m.example/o")) is general
    assert listeners.find(an_activity("Like", {"type": "Note"})) is None
    assert listeners.registered() == {("Create", ""), ("Create", "Note"), ("Create", "Question")}


def test_a_second_handler_for_one_pair_is_refused_when_it_is_registered() -> None:
    listeners: Listeners = Listeners()
    listeners.on("Create", "Note")(lambda: None)
    listeners.on("Create")(lambda: None)
    with pytest.raises(DuplicateListener, match="Note"):
        listeners.on("Create", "Article", "Note")(lambda: None)
    with pytest.raises(DuplicateListener):
        listeners.on("Create")(lambda: None)


def test_a_refused_registration_leaves_nothing_behind() -> None:
    listeners: Listeners = Listeners()
    listeners.on("Create", "Note")(lambda: None)
    with pytest.raises(DuplicateListener):
        listeners.on("Create", "Article", "Note")(lambda: None)
    assert listeners.registered() == {("Create", "Note")}
