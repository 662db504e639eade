from __future__ import annotations

import pytest

from federation.nodeinfo import NodeLinks, as_nodeinfo_2_0, build_nodeinfo, build_wellknown, parse_wellknown


def test_the_well_known_document_leads_to_nodeinfo_and_node_actor() -> None:
    document = build_wellknown(base_url="https://us.example", node_actor="https://us.example/actor")
    assert document == {
        "links": [
            {
                "rel": "http://nodeinfo.diaspora.software/ns/schema/2.0",
                "href": "https://us.example/nodeinfo/2.0",
            },
            {
                "rel": "http://nodeinfo.diaspora.software/ns/schema/2.1",
                "href": "https://us.example/nodeinfo/2.1",
            },
            {
                "rel": "https://www.w3.org/ns/activitystreams#Application",
                "href": "https://us.example/actor",
            },
        ]
    }
    assert parse_wellknown(document) == NodeLinks(
        "https://us.example/nodeinfo/2.1", "https://us.example/actor"
    )


def test_nodeinfo_says_what_runs_here_and_counts_nobody() -> None:
    document = build_nodeinfo(
        name="obverse", version="0.1.0", repository="https://code.example/", node_name="Us"
    )
    assert document == {
        "version": "2.1",
        "software": {"name": "obverse", "version": "0.1.0", "repository": "https://code.example/"},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {"users": {}},
        "metadata": {"nodeName": "Us"},
    }


def test_version_2_0_says_the_same_but_for_where_the_software_is_from() -> None:
    newer = build_nodeinfo(name="obverse", version="0.1.0", repository="https://code.example/")
    older = as_nodeinfo_2_0(newer)
    assert older == {**newer, "version": "2.0", "software": {"name": "obverse", "version": "0.1.0"}}


def test_a_software_name_that_the_schema_forbids_is_refused() -> None:
    with pytest.raises(ValueError, match="lower-case"):
        build_nodeinfo(name="Obverse 1", version="1")


def test_malformed_links_of_others_are_as_good_as_absent() -> None:
    links = [
        "text",
        {"rel": 7, "href": "https://t.example/x"},
        {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "no address"},
        {"rel": "http://nodeinfo.diaspora.software/ns/schema/1.0", "href": "https://t.example/1.0"},
    ]
    assert parse_wellknown({"links": links}) == NodeLinks(None, None)
    assert parse_wellknown({}) == NodeLinks(None, None)
