"""A node with a vendor, and a played server of each make, whose composed documents are posted to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from federation.keys import SigningKey
from federation.messages import JsonObject
from node.domain.notes import Visibility
from node.services.posting import Saying, say
from tests.security.peers import Host
from tests.security.world import World

__all__ = ["COMPOSED", "OUR_FOLLOW", "POST", "SHOP", "Neighbour", "says_something"]

COMPOSED = Path(__file__).with_name("composed")
SHOP, POST = "https://v.example/actors/shop", "https://v.example/posts/7"
OUR_FOLLOW = "https://v.example/activities/follow-1"


async def says_something(world: World) -> str:
    """A public post of the shop's; its id."""
    shop = world.v.accounts["shop"]
    saying = Saying(text="A red bicycle, 289 EUR", visibility=Visibility.PUBLIC)
    made = await world.v.open.node.work(lambda desk: say(desk, shop, saying))
    await world.v.settle()
    return made.id


@dataclass
class Neighbour:
    """An actor of one make, and what it may send: `NAME.json` of its folder.

    Shapes: `names` maps what the documents call ours to what it is called here.
    """

    world: World
    make: str
    rsa: SigningKey
    stem: str = "actor"
    names: dict[str, str] = field(default_factory=dict)
    document: JsonObject = field(init=False)
    host: Host = field(init=False)
    key: SigningKey = field(init=False)

    def __post_init__(self) -> None:
        self.document = json.loads((COMPOSED / self.make / f"{self.stem}.json").read_bytes())
        parts = urlsplit(self.id)
        self.host = self.world.host(parts.hostname or "")
        key = self.document["publicKey"]
        self.key = replace(self.rsa, id=key["id"], owner=self.id)
        key["publicKeyPem"] = self.key.public.pem
        self.host.serve(parts.path, self.document)
        if "#" not in key["id"]:  # the key is a document of its own, with no more than a key
            stub = {name: self.document[name] for name in ("id", "type", "preferredUsername", "publicKey")}
            self.host.serve(urlsplit(key["id"]).path, stub)
        self.host.webfinger[f"{self.document['preferredUsername']}@{parts.hostname}"] = self.id

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def handle(self) -> str:
        return f"@{self.document['preferredUsername']}@{urlsplit(self.id).hostname}"

    def has(self, name: str) -> bool:
        return (COMPOSED / self.make / f"{name}.json").exists()

    def activity(self, name: str) -> JsonObject:
        """A document of this make, about what ours are called here."""
        text = (COMPOSED / self.make / f"{name}.json").read_text("utf-8")
        for there, here in self.names.items():
            text = text.replace(there, here)
        found: JsonObject = json.loads(text)
        return found

    async def tell(self, name: str) -> JsonObject:
        """Post a document, signed as most sign, and let the node work. It has to be taken."""
        activity = self.activity(name)
        await self.post(activity)
        return activity

    async def post(self, activity: JsonObject) -> None:
        self.world.clock.advance(minutes=1)
        answered = await self.world.v.post(activity, "shop", key=self.key, old_scheme=True)
        assert answered.status == 202, f"{self.make}: {answered.status} {answered.body!r}"
        await self.world.v.settle()

    def got(self, kind: str) -> list[JsonObject]:
        """What came to its server, of one kind."""
        return [activity for activity in self.host.received if activity["type"] == kind]
