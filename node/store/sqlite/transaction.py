"""All repositories over one connection: what `read` and `write` hand to a function."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from node.store.sqlite.composing import SqliteDrafts, SqliteOverview, SqliteUnsent
from node.store.sqlite.dealings import (
    SqliteDeals,
    SqliteDocuments,
    SqliteEvidence,
    SqliteIntents,
    SqliteParking,
)
from node.store.sqlite.entering import SqliteAttempts, SqlitePasskeys, SqlitePreferences, SqliteTickets
from node.store.sqlite.fan_outs import SqliteFanOuts
from node.store.sqlite.following import SqliteFollows, SqliteMoves, SqliteShunned, SqliteUndone
from node.store.sqlite.imports import SqliteImports
from node.store.sqlite.inbox import SqliteInbox
from node.store.sqlite.lengths import SqliteQueues
from node.store.sqlite.media import SqliteMedia
from node.store.sqlite.outbox import SqliteDeliveries
from node.store.sqlite.people import (
    SqliteAccounts,
    SqliteBlocks,
    SqliteContacts,
    SqliteFollowers,
    SqliteKeys,
    SqliteMeta,
    SqliteNotices,
    SqlitePersonas,
    SqliteSessions,
)
from node.store.sqlite.plain_casts import SqliteHandOffers, SqlitePlainCasts
from node.store.sqlite.posting import SqlitePosts
from node.store.sqlite.reading import SqliteReactions, SqliteReadings
from node.store.sqlite.shop import (
    SqliteCatalogue,
    SqlitePurchaseKeys,
    SqliteRules,
    SqliteStocktaking,
)
from node.store.sqlite.stops import SqliteStops
from node.store.sqlite.talking import SqliteGone, SqlitePeers, SqlitePlainQuotes, SqliteThreads
from node.store.sqlite.telling import SqliteNews, SqliteOutlets
from node.store.sqlite.upkeep import SqliteHoldings, SqliteTraffic

__all__ = ["SqliteTx"]

T = TypeVar("T")


class SqliteTx:
    """Implements `Tx`. It lives as long as its connection; whoever runs a function begins and ends.

    `connection` is for what the ports do not name: the adapters of this package.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.meta = SqliteMeta(connection)
        self.accounts = SqliteAccounts(connection)
        self.personas = SqlitePersonas(connection)
        self.keys = SqliteKeys(connection)
        self.intents = SqliteIntents(connection)
        self.deals = SqliteDeals(connection)
        self.evidence = SqliteEvidence(connection)
        self.documents = SqliteDocuments(connection)
        self.inbox = SqliteInbox(connection)
        self.parking = SqliteParking(connection)
        self.deliveries = SqliteDeliveries(connection)
        self.fan_outs = SqliteFanOuts(connection)
        self.stops = SqliteStops(connection)
        self.queues = SqliteQueues(connection)
        self.contacts = SqliteContacts(connection, self.deals.write_down)
        self.catalogue = SqliteCatalogue(connection)
        self.rules = SqliteRules(connection)
        self.stocktaking = SqliteStocktaking(connection)
        self.posts = SqlitePosts(connection)
        self.purchase_keys = SqlitePurchaseKeys(connection)
        self.followers = SqliteFollowers(connection)
        self.notices = SqliteNotices(connection)
        self.sessions = SqliteSessions(connection)
        self.passkeys = SqlitePasskeys(connection)
        self.tickets = SqliteTickets(connection)
        self.attempts = SqliteAttempts(connection)
        self.preferences = SqlitePreferences(connection)
        self.blocks = SqliteBlocks(connection)
        self.drafts = SqliteDrafts(connection)
        self.unsent = SqliteUnsent(connection, self._read_anew)
        self.overview = SqliteOverview(connection, self.deals.write_down)
        self.traffic = SqliteTraffic(connection)
        self.holdings = SqliteHoldings(connection, self.deals.write_down)
        self.imports = SqliteImports(connection)
        self.media = SqliteMedia(connection)
        self.readings = SqliteReadings(connection)
        self.reactions = SqliteReactions(connection)
        self.news = SqliteNews(connection)
        self.outlets = SqliteOutlets(connection)
        self.threads = SqliteThreads(connection)
        self.peers = SqlitePeers(connection)
        self.gone = SqliteGone(connection)
        self.plain_quotes = SqlitePlainQuotes(connection)
        self.plain_casts = SqlitePlainCasts(connection)
        self.hand_offers = SqliteHandOffers(connection)
        self.follows = SqliteFollows(connection)
        self.shunned = SqliteShunned(connection)
        self.undone = SqliteUndone(connection)
        self.moves = SqliteMoves(connection)
        self._known = (
            self.accounts.known,
            self.personas.known,
            self.keys.known,
            self.rules.known,
            self.deals.known,
        )

    def run(self, fn: Callable[[SqliteTx], T]) -> T:
        """Run a function that reads nothing twice, and let all that it saved be written.

        The next function of the same transaction knows what it has read or saved, unless it fails; whoever
        ends the transaction calls `forget`.
        """
        for known in self._known:
            known.open()
        try:
            value = fn(self)
            self.deals.write_down()
        except BaseException:
            self.forget()
            raise
        self.deals.forget()
        return value

    def _read_anew(self) -> None:
        self.deals.read_anew()
        for known in self._known:
            known.clear()

    def forget(self) -> None:
        """The transaction is over, or a part of it undone: all must be read anew."""
        for known in self._known:
            known.close()
        self.deals.forget()
