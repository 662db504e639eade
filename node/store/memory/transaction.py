"""All repositories over one set of tables: what `read` and `write` hand to a function."""

from __future__ import annotations

from node.store.memory.composing import MemoryDrafts, MemoryOverview, MemoryUnsent
from node.store.memory.dealings import (
    MemoryDeals,
    MemoryDocuments,
    MemoryEvidence,
    MemoryIntents,
    MemoryParking,
)
from node.store.memory.entering import MemoryAttempts, MemoryPasskeys, MemoryPreferences, MemoryTickets
from node.store.memory.fan_outs import MemoryFanOuts
from node.store.memory.following import MemoryFollows, MemoryMoves, MemoryShunned, MemoryUndone
from node.store.memory.imports import MemoryImports
from node.store.memory.lengths import MemoryQueues
from node.store.memory.media import MemoryMedia
from node.store.memory.people import (
    MemoryAccounts,
    MemoryBlocks,
    MemoryContacts,
    MemoryFollowers,
    MemoryKeys,
    MemoryMeta,
    MemoryNotices,
    MemoryPersonas,
    MemorySessions,
)
from node.store.memory.plain_casts import MemoryHandOffers, MemoryPlainCasts
from node.store.memory.posting import MemoryPosts
from node.store.memory.queues import MemoryDeliveries, MemoryInbox
from node.store.memory.reading import MemoryReactions, MemoryReadings
from node.store.memory.shop import (
    MemoryCatalogue,
    MemoryPurchaseKeys,
    MemoryRules,
    MemoryStocktaking,
)
from node.store.memory.stops import MemoryStops
from node.store.memory.tables import Tables
from node.store.memory.talking import MemoryGone, MemoryPeers, MemoryPlainQuotes, MemoryThreads
from node.store.memory.telling import MemoryNews, MemoryOutlets
from node.store.memory.upkeep import MemoryHoldings, MemoryTraffic

__all__ = ["MemoryTx"]


class MemoryTx:
    """Implements `Tx`. `tables` is for what the ports do not name: the adapters of this package."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.meta = MemoryMeta(tables)
        self.accounts = MemoryAccounts(tables)
        self.personas = MemoryPersonas(tables)
        self.keys = MemoryKeys(tables)
        self.intents = MemoryIntents(tables)
        self.deals = MemoryDeals(tables)
        self.evidence = MemoryEvidence(tables)
        self.documents = MemoryDocuments(tables)
        self.inbox = MemoryInbox(tables)
        self.parking = MemoryParking(tables)
        self.deliveries = MemoryDeliveries(tables)
        self.fan_outs = MemoryFanOuts(tables)
        self.stops = MemoryStops(tables)
        self.queues = MemoryQueues(tables)
        self.contacts = MemoryContacts(tables)
        self.catalogue = MemoryCatalogue(tables)
        self.rules = MemoryRules(tables)
        self.stocktaking = MemoryStocktaking(tables)
        self.posts = MemoryPosts(tables)
        self.purchase_keys = MemoryPurchaseKeys(tables)
        self.followers = MemoryFollowers(tables)
        self.notices = MemoryNotices(tables)
        self.sessions = MemorySessions(tables)
        self.passkeys = MemoryPasskeys(tables)
        self.tickets = MemoryTickets(tables)
        self.attempts = MemoryAttempts(tables)
        self.preferences = MemoryPreferences(tables)
        self.blocks = MemoryBlocks(tables)
        self.drafts = MemoryDrafts(tables)
        self.unsent = MemoryUnsent(tables)
        self.overview = MemoryOverview(tables)
        self.traffic = MemoryTraffic(tables)
        self.holdings = MemoryHoldings(tables)
        self.imports = MemoryImports(tables)
        self.media = MemoryMedia(tables)
        self.readings = MemoryReadings(tables)
        self.reactions = MemoryReactions(tables)
        self.news = MemoryNews(tables)
        self.outlets = MemoryOutlets(tables)
        self.threads = MemoryThreads(tables)
        self.peers = MemoryPeers(tables)
        self.gone = MemoryGone(tables)
        self.plain_quotes = MemoryPlainQuotes(tables)
        self.plain_casts = MemoryPlainCasts(tables)
        self.hand_offers = MemoryHandOffers(tables)
        self.follows = MemoryFollows(tables)
        self.shunned = MemoryShunned(tables)
        self.undone = MemoryUndone(tables)
        self.moves = MemoryMoves(tables)
