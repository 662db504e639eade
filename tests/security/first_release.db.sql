PRAGMA application_id = 1331852914;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'obverse','0001-first','2026-11-22');
CREATE TABLE account (id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, data TEXT NOT NULL) STRICT;
CREATE TABLE block (domain TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE body (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
INSERT INTO "body" VALUES(X'01',X'7B7D');
CREATE TABLE catalogue_item (account TEXT NOT NULL, sku TEXT NOT NULL, category TEXT NOT NULL,
    name_key TEXT NOT NULL, words TEXT NOT NULL, reserved TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (account, sku)) STRICT;
INSERT INTO "catalogue_item" VALUES('https://shop.example/actors/shop','S0','https://www.wikidata.org/wiki/Q11442','north kid 20','north kid 20','0','{"sku":"S0","name":"North Kid 20","category":"https://www.wikidata.org/wiki/Q11442","price":{"amount_minor":27900,"currency":"EUR"},"unit":"one","stock":"5","reserved":"0","lead_days":2,"area":null,"condition":"new","brand":"North","gtin":null,"url":null,"delivery":{"amount_minor":1000,"currency":"EUR"},"properties":[["bodyHeight",{"text":"105..125 centimetre","low":"105","high":"125","unit":"centimetre"}]]}');
INSERT INTO "catalogue_item" VALUES('https://shop.example/actors/shop','S1','https://www.wikidata.org/wiki/Q11442','north kid 20','north kid 20','0','{"sku":"S1","name":"North Kid 20","category":"https://www.wikidata.org/wiki/Q11442","price":{"amount_minor":27900,"currency":"EUR"},"unit":"one","stock":"5","reserved":"0","lead_days":2,"area":null,"condition":"new","brand":"North","gtin":null,"url":null,"delivery":{"amount_minor":1000,"currency":"EUR"},"properties":[["bodyHeight",{"text":"105..125 centimetre","low":"105","high":"125","unit":"centimetre"}]]}');
INSERT INTO "catalogue_item" VALUES('https://shop.example/actors/shop','S2','https://www.wikidata.org/wiki/Q11442','north kid 20','north kid 20','0','{"sku":"S2","name":"North Kid 20","category":"https://www.wikidata.org/wiki/Q11442","price":{"amount_minor":27900,"currency":"EUR"},"unit":"one","stock":"5","reserved":"0","lead_days":2,"area":null,"condition":"new","brand":"North","gtin":null,"url":null,"delivery":{"amount_minor":1000,"currency":"EUR"},"properties":[["bodyHeight",{"text":"105..125 centimetre","low":"105","high":"125","unit":"centimetre"}]]}');
CREATE TABLE conflict (recipient TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE contact (account TEXT NOT NULL, actor TEXT NOT NULL, handle TEXT NOT NULL,
    data TEXT NOT NULL, PRIMARY KEY (account, actor)) STRICT, WITHOUT ROWID;
CREATE TABLE deal (own TEXT NOT NULL, deal_id TEXT NOT NULL, account TEXT NOT NULL, intent_id TEXT,
    state TEXT NOT NULL, wake_at INTEGER, changed INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (own, deal_id)) STRICT;
CREATE TABLE deal_handle (account TEXT NOT NULL, reversed TEXT NOT NULL, own TEXT NOT NULL,
    deal_id TEXT NOT NULL, PRIMARY KEY (account, reversed, own, deal_id),
    FOREIGN KEY (own, deal_id) REFERENCES deal ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE TABLE delivery (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL,
    head INTEGER NOT NULL, due_at INTEGER NOT NULL, activity_id TEXT NOT NULL, recipient TEXT NOT NULL,
    inbox TEXT NOT NULL, actor TEXT NOT NULL, key_id TEXT NOT NULL, fast_key_id TEXT NOT NULL,
    body BLOB REFERENCES body,
    ordering_key TEXT NOT NULL, created_at INTEGER NOT NULL, give_up_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL, detail TEXT NOT NULL, settled_at INTEGER) STRICT;
INSERT INTO "delivery" VALUES(1,'queued',1,0,'https://v.example/activities/0','https://a.example/u','https://a.example/u/inbox','https://shop.example/actors/shop','k','',X'01','da',1,2,0,'',NULL);
INSERT INTO "delivery" VALUES(2,'queued',0,0,'https://v.example/activities/1','https://a.example/u','https://a.example/u/inbox','https://shop.example/actors/shop','k','',X'01','da',1,2,0,'',NULL);
INSERT INTO "delivery" VALUES(3,'dead',0,0,'https://v.example/activities/2','https://b.example/u','https://b.example/u/inbox','https://shop.example/actors/shop','k','',X'01','db',1,2,0,'',NULL);
INSERT INTO "delivery" VALUES(4,'delivered',0,0,'https://v.example/activities/3','https://c.example/u','https://c.example/u/inbox','https://shop.example/actors/shop','k','',NULL,'dc',1,2,0,'',NULL);
CREATE TABLE document (digest TEXT PRIMARY KEY, actor TEXT NOT NULL, body BLOB NOT NULL,
    fetched_at INTEGER NOT NULL) STRICT;
CREATE TABLE evidence (id INTEGER PRIMARY KEY AUTOINCREMENT, own TEXT NOT NULL, deal_id TEXT NOT NULL,
    activity_id TEXT NOT NULL, direction TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
    digest TEXT NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL, key_id TEXT NOT NULL,
    document TEXT NOT NULL, answers TEXT NOT NULL, refused TEXT NOT NULL,
    UNIQUE (own, activity_id, direction)) STRICT;
CREATE TABLE follower (account TEXT NOT NULL, actor TEXT NOT NULL, state TEXT NOT NULL,
    at INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (account, actor)) STRICT, WITHOUT ROWID;
CREATE TABLE host (seq INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL UNIQUE,
    data TEXT NOT NULL) STRICT;
CREATE TABLE inbox (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, due_at INTEGER NOT NULL,
    recipient TEXT NOT NULL, actor TEXT NOT NULL, activity_id TEXT NOT NULL, body BLOB NOT NULL,
    digest TEXT NOT NULL, received_at INTEGER NOT NULL, signer TEXT NOT NULL, key_id TEXT NOT NULL,
    proof_key_id TEXT NOT NULL, replay_key BLOB NOT NULL, replay_until INTEGER, attempts INTEGER NOT NULL,
    error TEXT NOT NULL, buried_at INTEGER) STRICT;
CREATE TABLE intent (id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created_at INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT;
INSERT INTO "intent" VALUES('https://ana.example/intents/1','https://ana.example/actors/ana',1,'{"id":"https://ana.example/intents/1","account":"https://ana.example/actors/ana","name":"Child bicycle, Glasgow, by Friday","category":"https://www.wikidata.org/wiki/Q11442","quantity":{"value":"1","unit":"one"},"created_at":"2026-11-21T10:00:00Z","ends_at":"2026-11-24T12:00:00Z","action":"transfer","content":null,"currency":"EUR","budget":null,"share_budget":false,"due_at":null,"place":null,"wishes":[{"id":"w1","text":"fits 115 cm","weight":"must","prop":"bodyHeight","op":"fits","value":"115","unit":"centimetre"}],"terms":["https://w3id.org/dpv/standards/ieee/7012#PDC-INTENT","https://w3id.org/dpv/standards/ieee/7012#SD-BASE-DP"],"persona_mode":"deal","state":"live","deal_ids":[],"losers_reason":null,"losers_may_answer":false}');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('seen-key','5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e');
CREATE TABLE notice (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    deal_id TEXT NOT NULL, data TEXT NOT NULL) STRICT;
CREATE TABLE own_key (key_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, created_at INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT;
CREATE TABLE parked (own TEXT NOT NULL, activity_id TEXT NOT NULL, deal_id TEXT NOT NULL,
    actor TEXT NOT NULL, parked_at INTEGER NOT NULL, until INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (own, activity_id)) STRICT;
CREATE TABLE persona (id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, vendor TEXT, state TEXT NOT NULL,
    data TEXT NOT NULL) STRICT;
CREATE TABLE post (id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, kind TEXT NOT NULL,
    at INTEGER NOT NULL, deleted INTEGER NOT NULL, data TEXT NOT NULL) STRICT;
CREATE TABLE public_key (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL, algorithm TEXT NOT NULL, material BLOB NOT NULL, actor TEXT NOT NULL,
    document BLOB NOT NULL, fetched_at INTEGER NOT NULL, revoked_at INTEGER) STRICT;
CREATE TABLE purchase_key (key TEXT PRIMARY KEY, author TEXT NOT NULL,
    note_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE replay (key BLOB PRIMARY KEY, until INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE rule (account TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (account, id)) STRICT;
CREATE TABLE seen (key BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE session (token_hash TEXT PRIMARY KEY, account TEXT NOT NULL, created_at INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE standing_offer (id TEXT PRIMARY KEY, account TEXT NOT NULL, data TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX account_name ON account (name);
CREATE INDEX persona_account ON persona (account, vendor);
CREATE INDEX own_key_owner ON own_key (owner, created_at);
CREATE INDEX follower_state ON follower (account, state, at);
CREATE INDEX session_account ON session (account, created_at);
CREATE INDEX notice_account ON notice (account, id);
CREATE INDEX notice_deal ON notice (account, deal_id, id);
CREATE INDEX intent_account ON intent (account, created_at);
CREATE INDEX deal_account ON deal (account, changed);
CREATE INDEX deal_intent ON deal (intent_id) WHERE intent_id IS NOT NULL;
CREATE INDEX deal_wake ON deal (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX deal_changed ON deal (changed);
CREATE INDEX deal_handle_deal ON deal_handle (own, deal_id);
CREATE INDEX evidence_deal ON evidence (own, deal_id);
CREATE INDEX evidence_answers ON evidence (own, answers) WHERE answers <> '';
CREATE INDEX parked_deal ON parked (own, deal_id, parked_at);
CREATE INDEX parked_actor ON parked (actor);
CREATE INDEX parked_until ON parked (until);
CREATE INDEX catalogue_category ON catalogue_item (account, category, sku);
CREATE INDEX catalogue_name ON catalogue_item (account, name_key, sku);
CREATE INDEX catalogue_reserved ON catalogue_item (account, sku) WHERE reserved <> '0';
CREATE INDEX post_account ON post (account, kind, deleted, at);
CREATE INDEX replay_until ON replay (until) WHERE until IS NOT NULL;
CREATE INDEX inbox_pending ON inbox (due_at, id) WHERE state = 'pending';
CREATE INDEX inbox_dead ON inbox (id) WHERE state = 'dead';
CREATE INDEX delivery_due ON delivery (due_at, id) WHERE head = 1;
CREATE INDEX delivery_order ON delivery (ordering_key, id) WHERE ordering_key <> '';
CREATE INDEX delivery_activity ON delivery (activity_id, recipient);
CREATE INDEX delivery_body ON delivery (body) WHERE body IS NOT NULL;
CREATE INDEX delivery_actor ON delivery (actor, id);
CREATE INDEX delivery_state ON delivery (state, id);
CREATE INDEX public_key_actor ON public_key (actor);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('delivery',4);
COMMIT;
