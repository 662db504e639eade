"""Imports point downward only. The tables below are the house; a module that is not in them has no place."""

from __future__ import annotations

import sys

import pytest

from tests.architecture.survey import Module, cycle_in, imports_of, modules_under, within

HOUSE = modules_under("federation", "node")
FEDERATION = [module for module in HOUSE if within(module.name, ["federation"])]
NODE = [module for module in HOUSE if within(module.name, ["node"]) and module.name != "node"]
OURS = ("federation", "node")

# The data modules of the toolkit: values in, values out, no network.
DATA = tuple(
    f"federation.{name}"
    for name in (
        "activity",
        "actors",
        "collections",
        "contexts",
        "digest",
        "errors",
        "ids",
        "jcs",
        "jsonld",
        "kept_signatures",
        "keys",
        "messages",
        "proofs",
        "strictjson",
        "vocab",
    )
)
# What every front (handlers, pages, API, commands) may stand on.
FRONT = (
    "node.context",
    "node.services",
    "node.workflows.lookups",
    "node.desk",
    "node.domain",
    "node.store.fan_outs",
    "node.store.following",
    "node.store.imports",
    "node.store.media",
    "node.store.plain_casts",
    "node.store.reading",
    "node.store.talking",
    "node.store.posting",
    "node.store.ports",
    "node.store.stops",
    "node.store.talking",
)

# package or module → what of ours it may import; the most specific name decides.
ALLOWED: dict[str, tuple[str, ...]] = {
    # packages of modules that each have a row of their own
    "node.notices": (),
    "node.observability": (),
    "node.pictures": (),
    "node.public": (),
    "node.queries": (),
    "node.runtime": (),
    "node.sending": (),
    "node.workflows": (),
    "node.domain": ("node.domain",),
    "node.notices.mailserver": ("node.domain",),
    "node.config": (
        "node.domain",
        "node.notices.mailserver",
        "federation.errors",
        "federation.ids",
        "federation.messages",
    ),
    "node.observability.logs": (),
    "node.observability.metrics": ("node.store.ports",),
    "node.observability.health": ("node.store.ports",),
    "node.observability.monitor": (
        "node.observability.health",
        "node.observability.metrics",
        "node.store.ports",
    ),
    "node.observability.reporting": ("node.observability.metrics", "node.store.ports", "federation"),
    "node.clocks": (),
    "node.changes": (),
    # long tables come in, whoever looks on
    "node.runtime.importing": FRONT,
    # what goes to many is spread, whoever looks on
    "node.sending.spreading": ("node.context", "node.desk", "node.sending.fanning", "node.store.ports"),
    "node.runtime.timekeeper": (
        "node.clocks",
        "node.context",
        "node.desk",
        "node.services",
        "node.store.ports",
    ),
    # store: ports above adapters, one driver each
    "node.store": (),
    "node.store.records": (
        "node.domain.errors",
        "node.domain.notes",
        "federation.kept_signatures",
        "federation.ports",
    ),
    "node.store.composing": ("node.store.records", "node.domain"),
    "node.store.entering": ("node.store.records", "node.domain"),
    "node.store.posting": ("node.store.records", "node.domain"),
    "node.store.selling": ("node.store.records", "node.domain"),
    "node.store.telling": ("node.store.records",),
    "node.store.imports": ("node.domain",),
    "node.store.fan_outs": ("node.store.records", "node.store.stops"),
    "node.store.stops": ("node.store.records", "federation.errors", "federation.ids"),
    "node.store.following": ("node.store.records",),
    "node.store.media": (),
    "node.store.reading": ("node.domain.notes",),
    "node.store.plain_casts": ("node.domain",),
    "node.store.talking": ("node.domain",),
    # what each part keeps of the fediverse
    "node.store.fediverse": (
        "node.store.fan_outs",
        "node.store.following",
        "node.store.media",
        "node.store.plain_casts",
        "node.store.reading",
        "node.store.talking",
    ),
    "node.store.upkeep": (
        "node.store.fediverse",
        "node.store.imports",
        "node.store.records",
        "node.domain",
        "federation.ports",
    ),
    "node.store.ports": (
        "node.store.composing",
        "node.store.entering",
        "node.store.posting",
        "node.store.records",
        "node.store.selling",
        "node.store.upkeep",
        "node.store.telling",
        "node.domain",
        "federation.ports",
    ),
    "node.store.memory": (
        "node.store.memory",
        "node.store.composing",
        "node.store.fan_outs",
        "node.store.following",
        "node.store.imports",
        "node.store.media",
        "node.store.plain_casts",
        "node.store.reading",
        "node.store.posting",
        "node.store.ports",
        "node.store.stops",
        "node.store.talking",
        "node.domain",
        "federation.ports",
    ),
    "node.store.memory.upkeep": (
        "node.store.memory",
        "node.store.ports",
        "node.store.upkeep",
        "node.domain",
        "federation.ports",
    ),
    "node.store.sqlite": (
        "node.store.sqlite",
        "node.store.composing",
        "node.store.fan_outs",
        "node.store.following",
        "node.store.imports",
        "node.store.media",
        "node.store.plain_casts",
        "node.store.reading",
        "node.store.posting",
        "node.store.ports",
        "node.store.stops",
        "node.store.talking",
        "node.domain",
        "federation.kept_signatures",
        "federation.ports",
        "federation.keys",
    ),
    "node.store.sqlite.upkeep": (
        "node.store.sqlite",
        "node.store.ports",
        "node.store.upkeep",
        "node.domain",
        "federation.ports",
    ),
    "node.store.postgres": (
        "node.store.postgres",
        "node.store.ports",
        "node.domain",
        "federation.ports",
        "federation.keys",
    ),
    "node.store.backup": ("node.store.ports",),
    # a backup that waits for the next start, under the lock of the store that it will replace
    "node.store.staging": ("node.store.backup", "node.store.ports", "node.store.sqlite"),
    # what accounts say to each other about themselves
    "node.sending.reacting": (
        "node.sending.publish",
        "node.desk",
        "node.store.reading",
        "node.wire.reactions",
        "node.domain",
        "federation.messages",
    ),
    "node.sending.relating": ("node.sending.publish", "node.desk", "node.domain", "federation.messages"),
    # the use cases and what they stand on
    "node.wire": ("node.wire", "node.domain", *DATA),
    "node.signing": ("node.store.ports", "federation.errors", "federation.keys", "federation.ports"),
    "node.desk": (
        "node.signing",
        "node.store.ports",
        "node.domain",
        "federation.encodings",
        "federation.keys",
    ),
    "node.sending.attest": ("node.desk", "node.wire", "node.domain", *DATA),
    "node.sending.fanning": ("node.desk", "node.store.fan_outs", "federation.messages"),
    "node.sending.publish": (
        "node.sending.attest",
        "node.desk",
        "node.sending.fanning",
        "node.wire",
        "node.store.fan_outs",
        "node.store.ports",
        "node.domain",
        "federation.addressing",
        "federation.ports",
        *DATA,
    ),
    # federation.keys: a use case that makes an account or a persona makes its keys; messages: types only
    "node.services": (
        "node.services",
        "node.sending.attest",
        "node.sending.publish",
        "node.sending.reacting",
        "node.desk",
        "node.signing",
        "node.store.fan_outs",
        "node.store.following",
        "node.store.imports",
        "node.store.media",
        "node.store.plain_casts",
        "node.store.reading",
        "node.store.posting",
        "node.store.ports",
        "node.store.talking",
        "node.domain",
        "federation.encodings",
        "federation.ids",
        "federation.kept_signatures",
        "federation.keys",
        "federation.messages",
    ),
    # whom accounts here follow, and who follows them
    "node.services.stopping": (
        "node.desk",
        "node.store.fan_outs",
        "node.store.ports",
        "node.store.stops",
        "node.domain",
        "federation.strictjson",
    ),
    "node.services.following": (
        "node.services.stopping",
        "node.sending.relating",
        "node.sending.publish",
        "node.desk",
        "node.store.following",
        "node.store.ports",
        "node.domain",
        "federation.messages",
    ),
    "node.services.followings": (
        "node.sending.relating",
        "node.desk",
        "node.store.following",
        "node.store.ports",
        "node.domain",
    ),
    "node.services.shunning": (
        "node.services",
        "node.sending.relating",
        "node.desk",
        "node.store.following",
        "node.store.ports",
        "node.domain",
    ),
    "node.services.moving": (
        "node.services",
        "node.sending.relating",
        "node.desk",
        "node.store.following",
        "node.store.ports",
        "node.domain",
    ),
    "node.services.undelivered": (
        "node.desk",
        "node.sending.fanning",
        "node.store.ports",
        "federation.messages",
        "federation.strictjson",
    ),
    # what is published of an account, as it is served
    "node.services.profile": (
        "node.services",
        "node.sending.attest",
        "node.public.documents",
        "node.sending.publish",
        "node.desk",
        "node.store.ports",
        "node.domain",
    ),
    "node.examination.examinations": ("node.examination.findings", "federation.rates"),
    "node.examination.arrivals": ("federation.messages",),
    "node.context": (
        "node.examination.examinations",
        "node.examination.arrivals",
        "node.changes",
        "node.clocks",
        "node.config",
        "node.pictures.darkroom",
        "node.desk",
        "node.observability.health",
        "node.observability.metrics",
        "node.signing",
        "node.store.ports",
        "node.domain",
        "federation",
    ),
    # what the node serves: documents for programs, and beside each the page for people
    "node.public.listed": (
        "node.store.ports",
        "node.store.posting",
        "node.store.reading",
        "node.wire.reactions",
        "node.domain",
        *DATA,
    ),
    "node.public.documents": (
        "node.public.listed",
        "node.wire.posts",
        "node.signing",
        "node.store.following",
        "node.store.media",
        "node.store.ports",
        "node.domain",
        "federation.webfinger",
        *DATA,
    ),
    # how much the node is used, as everybody is told
    "node.public.usage": ("node.store.ports", "node.domain", "federation.nodeinfo"),
    "node.public.posts": (
        "node.public.listed",
        "node.store.reading",
        "node.store.ports",
        "node.web.unseen",
        "node.web.views",
        "node.wire",
        "node.domain",
    ),
    "node.public.quotes": (
        "node.web.asked_views",
        "node.web.views",
        "node.store.ports",
        "node.domain",
        *DATA,
    ),
    "node.public.pages": (
        "node.public.documents",
        "node.public.posts",
        "node.public.quotes",
        "node.web.unseen",
        "node.web.views",
        "node.wire",
        "node.store.media",
        "node.store.ports",
        "node.domain",
        *DATA,
    ),
    # what was published about an account, for its owner's pages
    "node.queries.reputation": (
        "node.desk",
        "node.services",
        "node.wire",
        "node.store.ports",
        "node.domain",
        *DATA,
    ),
    # where each message stands that has not left or could not be read: for every front
    "node.queries.deliveries": (
        "node.desk",
        "node.services",
        "node.store.fan_outs",
        "node.store.ports",
        "node.store.stops",
        "node.store.upkeep",
        "node.domain",
        "federation.ports",
        *DATA,
    ),
    # all that an account holds, as files to take along
    "node.queries.archive": (
        "node.context",
        "node.queries.deliveries",
        "node.desk",
        "node.store.following",
        "node.store.ports",
        "node.store.upkeep",
        "node.domain",
        "federation.messages",
    ),
    # what decodes pictures stands alone: it runs as a program of its own
    "node.pictures.developing": (),
    "node.pictures.darkroom": ("node.domain",),
    # what an owner does with what was read, for every front
    "node.workflows.responding": (*FRONT, "federation.errors"),
    # somebody else's picture, for every front
    "node.workflows.looking": (*FRONT, "federation.errors", "federation.ids", "federation.messages"),
    "node.handlers.recipients": ("node.context", "node.desk"),
    # a deal's messages read anew, and all of them in one file with our own documents as they are served
    "node.queries.records": (
        "node.desk",
        "node.public.documents",
        "node.wire",
        "node.store.ports",
        "node.domain",
        *DATA,
    ),
    "node.workflows.lookups": (
        "node.context",
        "node.public.documents",
        "node.signing",
        "node.store.ports",
        "node.domain",
        "federation",
    ),
    # whom the node does not hear: for every front
    "node.workflows.blocking": (*FRONT, *DATA),
    # lists of them, as other servers share them
    "node.workflows.blocklists": ("node.workflows.blocking", *FRONT, *DATA),
    # who somebody is, asked of the network before they are kept: for every front
    "node.workflows.acquaintance": (*FRONT, "federation.webfinger", *DATA),
    # whether both sides say that somebody has moved, asked before anybody goes along: for every front
    "node.workflows.moving": ("node.workflows.acquaintance", "node.workflows.whom", *FRONT, *DATA),
    # whom an owner means, by what is known of them or by their server: for every front
    "node.workflows.whom": ("node.workflows.acquaintance", *FRONT, *DATA),
    # what owners are told by mail and by push
    "node.notices.mailing": ("node.domain", "node.notices.mailserver"),
    "node.notices.pushing": (
        "node.context",
        "node.desk",
        "node.domain",
        "federation.errors",
        "federation.ids",
        "federation.messages",
    ),
    "node.notices.telling": (
        "node.context",
        "node.desk",
        "node.domain",
        "node.notices.mailing",
        "node.notices.pushing",
        "node.services",
        "node.store.ports",
    ),
    # whom words name, asked of the network before they are said: for every front
    "node.workflows.addressees": ("node.workflows.acquaintance", *FRONT),
    # buying asks the network, then runs the use case: for every front
    "node.workflows.buying": (*FRONT, "node.wire", *DATA),
    # the fronts: never each other
    "node.handlers": (
        "node.handlers",
        *FRONT,
        "node.wire",
        "federation.listeners",
        "federation.ports",
        *DATA,
    ),
    "node.handlers.moves": (*FRONT, "node.workflows.moving", "federation.listeners", *DATA),
    # which hosts are one owner's, so that they share what they may hold up
    "node.handlers.callers": ("node.handlers", *FRONT, "federation.rates", *DATA),
    # what is passed on is fetched, and how much of that a stranger may cause
    "node.handlers.reactions": (
        "node.handlers",
        *FRONT,
        "node.wire",
        "federation.fetching",
        "federation.listeners",
        "federation.rates",
        *DATA,
    ),
    "node.handlers.notes": (
        "node.handlers",
        *FRONT,
        "node.wire",
        "federation.listeners",
        "federation.rates",
        *DATA,
    ),
    "node.handlers.farewells": (*FRONT, "federation.listeners", "federation.rates", *DATA),
    "node.web": (
        "node.web",
        *FRONT,
        "node.workflows.acquaintance",
        "node.workflows.blocking",
        "node.workflows.buying",
        "node.queries.deliveries",
        "node.workflows.looking",
        "node.queries.records",
        "node.queries.reputation",
        "node.workflows.responding",
        "node.wire.html",
        "federation.messages",
    ),
    # whom a post names is asked of their servers before it is said
    "node.web.screens.posts": ("node.web", *FRONT, "node.workflows.addressees"),
    # whom an owner means, whom she does not hear, and who has moved
    "node.web.screens.relations": ("node.web", "node.workflows.moving", "node.workflows.whom", *FRONT),
    "node.web.screens.blocks": ("node.web", "node.workflows.blocking", "node.workflows.blocklists", *FRONT),
    "node.web.screens.vendors": (
        "node.web",
        "node.workflows.acquaintance",
        "node.workflows.blocking",
        "node.workflows.whom",
        *FRONT,
    ),
    # somebody or something found elsewhere, asked for at their server
    "node.web.screens.interact": (
        "node.web",
        "node.workflows.acquaintance",
        "node.workflows.whom",
        "node.wire.fediverse",
        *FRONT,
        "federation.errors",
        "federation.ids",
        "federation.jsonld",
    ),
    "node.web.interact": ("node.web", "federation.errors", "federation.ids"),
    "node.web.screens.export": ("node.web", "node.queries.archive", *FRONT, "node.queries.deliveries"),
    # a look from outside, as it goes
    "node.web.screens.doctor": (
        "node.web",
        *FRONT,
        "node.examination.examinations",
        "node.workflows.examining",
    ),
    "node.web.doctor_views": ("node.web", *FRONT, "node.examination", "node.examination.examinations"),
    # the way in: whether the node is found, what is brought back, what is kept safe
    "node.web.setting_up": (
        "node.web",
        *FRONT,
        "node.workflows.reaching",
        "node.workflows.safekeeping",
        "node.store.backup",
        "node.store.staging",
    ),
    # a code by mail, and what a browser must know to be nudged
    "node.web.screens.notice_settings": (
        "node.web",
        *FRONT,
        "node.notices.mailing",
        "node.notices.mailserver",
        "node.notices.pushing",
    ),
    "node.web.notice_words": ("node.web", *FRONT, "node.notices.mailing"),
    # how often logging in may be tried
    "node.web.gate": ("node.web", "federation.rates"),
    # how often a stranger may have this node ask a server, and what may come of it
    "node.web.follow": (
        "node.web",
        *FRONT,
        "federation.errors",
        "federation.ids",
        "federation.rates",
        "federation.webfinger",
    ),
    "node.api": ("node.api", *FRONT),
    "node.commands": (
        "node.commands",
        "node.runtime.asking",
        "node.workflows.buying",
        "node.queries.records",
        "node.workflows.responding",
        *FRONT,
        "node.config",
        "node.wire",
        *DATA,
    ),
    # the owner's word on the clock is written down at once
    "node.commands.admin": (
        "node.commands",
        "node.workflows.blocking",
        *FRONT,
        "node.runtime.timekeeper",
        *DATA,
    ),
    "node.commands.posts": ("node.commands", "node.workflows.addressees", *FRONT, *DATA),
    "node.commands.following": (
        "node.commands",
        "node.workflows.moving",
        "node.workflows.whom",
        *FRONT,
        *DATA,
    ),
    "node.commands.shunning": (
        "node.commands",
        "node.workflows.blocklists",
        "node.workflows.whom",
        *FRONT,
        *DATA,
    ),
    "node.commands.deliveries": ("node.commands", "node.queries.deliveries", *FRONT, *DATA),
    # a backup holds the node key beside the database
    "node.commands.backups": ("node.commands", *FRONT, "node.workflows.safekeeping", *DATA),
    "node.workflows.safekeeping": (
        "node.config",
        "node.context",
        "node.signing",
        "node.store.backup",
        "node.store.ports",
        "node.store.sqlite",
        "node.store.staging",
        *DATA,
    ),
    # a server looked at from outside, through the guarded client; knows no node
    "node.examination": (
        "node.examination",
        "node.examination.arrivals",
        "node.domain.errors",
        "node.domain.sayings",
        "federation",
    ),
    "node.workflows.examining": (
        "node.config",
        "node.context",
        "node.public.documents",
        "node.domain",
        "node.examination",
        "federation",
    ),
    "node.workflows.reaching": ("node.context", "node.public.documents", "federation.webfinger", *DATA),
    # assembly
    "node.container": (
        "node.clocks",
        "node.config",
        "node.context",
        "node.desk",
        "node.public.documents",
        "node.domain",
        "node.handlers",
        "node.observability.health",
        "node.workflows.lookups",
        "node.observability.metrics",
        "node.handlers.recipients",
        "node.observability.reporting",
        "node.services",
        "node.signing",
        "node.sending.spreading",
        "node.store",
        "node.notices.telling",
        "node.runtime.importing",
        "node.runtime.timekeeper",
        "node.web",
        "node.wire",
        "federation",
    ),
    "node.app": (
        *FRONT,
        "node.config",
        "node.public.documents",
        "node.handlers",
        "node.observability.probes",
        "node.public.pages",
        "node.observability.reporting",
        "node.public.usage",
        "node.web",
        "node.api",
        "node.wire",
        "federation",
    ),
    "node.commands.examining": ("node.commands", *FRONT, "node.workflows.examining", *DATA),
    "node.commands.reach": ("node.commands", *FRONT, "node.workflows.reaching", *DATA),
    # above the assembly: how a command reaches a node, that runs or is opened for it
    "node.runtime.asking": ("node.config", "node.domain.errors", *DATA),
    "node.runtime.control": (
        "node.runtime.asking",
        "node.commands",
        "node.config",
        "node.container",
        "node.context",
        "node.domain",
        "node.store.ports",
        *DATA,
    ),
    "node.runtime.founding": (
        "node.commands",
        "node.config",
        "node.container",
        "node.runtime.control",
        "node.domain",
        "node.signing",
        "node.store.sqlite",
        *DATA,
    ),
    "node.runtime.connections": ("federation.answers", "federation.heads"),
    "node.runtime.door": ("node.runtime.connections",),
    "node.observability.probes": (
        "node.observability.health",
        "node.observability.metrics",
        "federation.answers",
    ),
    "node.runtime.notify": (),
    "node.runtime.serve": (
        "node.app",
        "node.commands",
        "node.config",
        "node.runtime.connections",
        "node.container",
        "node.runtime.control",
        "node.domain",
        "node.context",
        "node.runtime.door",
        "node.observability.metrics",
        "node.observability.monitor",
        "node.runtime.notify",
        "node.services",
        "node.store.ports",
        "node.store.staging",
        "node.web.uploads",
        "federation.worker",
    ),
    # what it needs of the node itself it loads late, in `node.cli.late` alone
    "node.cli": (
        "node.cli",
        "node.runtime.asking",
        "node.config",
        "node.domain",
        "node.observability.logs",
        "node.signing",
        "node.store.ports",
        "node.wire",
        *DATA,
    ),
    "node.demo": (
        "node.demo",
        "node.runtime.asking",
        "node.config",
        "node.domain",
        "node.wire",
        *DATA,
    ),
    "node.__main__": ("node.cli",),
}

# A library from outside → the modules that alone may import it, within the package named first.
ALONE: dict[str, tuple[str, tuple[str, ...]]] = {
    "aiohttp": ("", ("federation.client",)),
    "httpx": ("", ("federation.client",)),
    "httpx_aiohttp": ("", ("federation.client",)),
    "starlette": ("federation", ("federation.answers", "federation.asgi")),
    "http_message_signatures": ("", ("federation.signatures",)),
    "prometheus_client": ("", ("node.observability.metrics",)),
    "pyld": ("", ("federation.contexts",)),
    "sqlite_utils": ("", ("node.store.sqlite", "node.store.backup")),
    "sqlite3": ("", ("node.store.sqlite", "node.store.backup")),
    "psycopg": ("", ("node.store.postgres",)),
    "jinja2": ("", ("node.web",)),
    "PIL": ("", ("node.pictures.developing",)),
    "aiosmtplib": ("", ("node.notices.mailing",)),
    "py_vapid": ("", ("node.notices.pushing",)),
    "nh3": ("", ("node.wire.html",)),
    "segno": ("", ("node.web.qr",)),
    "uvicorn": ("", ("node.runtime.connections", "node.runtime.door", "node.runtime.serve")),
}


def rule_for(name: str) -> tuple[str, ...] | None:
    """What module `name` may import of ours; None where it has no place in the table."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        allowed = ALLOWED.get(".".join(parts[:length]))
        if allowed is not None:
            return allowed
    return None


def upward(module: Module, allowed: tuple[str, ...]) -> list[str]:
    return [
        f"{module}:{found.line} imports {found.target}"
        for found in module.imports
        if within(found.target, OURS) and not within(found.target, allowed)
    ]


@pytest.mark.parametrize("module", NODE, ids=lambda module: module.name)
def test_module_of_the_node_imports_downward_only(module: Module) -> None:
    allowed = rule_for(module.name)
    assert allowed is not None, f"{module.name} has no place in the table of this file: give it one"
    assert upward(module, allowed) == []


@pytest.mark.parametrize("module", FEDERATION, ids=lambda module: module.name)
def test_federation_never_imports_the_node(module: Module) -> None:
    assert upward(module, ("federation",)) == []


@pytest.mark.parametrize("library", sorted(ALONE))
def test_library_is_imported_where_it_belongs_and_nowhere_else(library: str) -> None:
    package, homes = ALONE[library]
    strays = [
        f"{module}:{found.line}"
        for module in HOUSE
        if (not package or within(module.name, [package])) and not within(module.name, homes)
        for found in module.imports
        if within(found.target, [library])
    ]
    assert strays == []


def test_domain_needs_nothing_but_the_standard_library() -> None:
    strays = [
        f"{module}:{found.line} imports {found.target}"
        for module in NODE
        if within(module.name, ["node.domain"])
        for found in module.imports
        if not within(found.target, ["node.domain"])
        and found.target.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert strays == []


def test_no_import_hides_inside_a_function() -> None:
    late = [
        f"{module}:{found.line} imports {found.target}"
        for module in HOUSE
        for found in module.imports
        if found.late and not found.typing_only
    ]
    assert late == []


def test_imports_make_no_circle() -> None:
    names = {module.name for module in HOUSE}
    graph = {
        module.name: {found.target for found in module.imports if not found.typing_only} & names
        for module in HOUSE
    }
    assert cycle_in(graph) == []


# --- the survey itself sees what it must ----------------------------------------------------------------


def test_survey_sees_plain_relative_late_and_typing_imports() -> None:
    source = """
import os, node.web
from typing import TYPE_CHECKING
from . import values
from ..store import ports
from federation import client as c
if TYPE_CHECKING:
    from node.app import create_app
async def f():
    if True:
        import node.cli
"""
    known = {"node.domain.values", "node.store.ports", "federation.client"}
    found = {(i.target, i.late, i.typing_only) for i in imports_of(source, "node.domain.deals", known)}
    assert found == {
        ("os", False, False),
        ("node.web", False, False),
        ("typing", False, False),
        ("node.domain.values", False, False),
        ("node.store.ports", False, False),
        ("federation.client", False, False),
        ("node.app", False, True),
        ("node.cli", True, False),
    }


def test_survey_resolves_relative_imports_of_a_package_from_itself() -> None:
    found = list(imports_of("from .tables import DEALS\nfrom . import schema", "node.store.sqlite",
                            {"node.store.sqlite.schema"}, is_package=True))  # fmt: skip
    assert [i.target for i in found] == ["node.store.sqlite.tables", "node.store.sqlite.schema"]


def test_survey_finds_a_circle() -> None:
    assert cycle_in({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert cycle_in({"a": ["b", "c"], "b": ["c"], "c": []}) == []


def test_most_specific_rule_decides() -> None:
    assert rule_for("node.store.sqlite.schema") == ALLOWED["node.store.sqlite"]
    assert rule_for("node.store") == ()
    assert rule_for("node.nowhere") is None
    assert within("node.store.ports", ["node.store"])
    assert not within("node.storefront", ["node.store"])
