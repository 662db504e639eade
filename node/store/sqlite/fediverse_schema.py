"""The tables of what the fediverse says and is told, as `schema` runs them: step by step, never edited."""

from __future__ import annotations

__all__ = ["FEDIVERSE_STEPS"]

_FOLLOWING = (
    """CREATE TABLE following (account TEXT NOT NULL, actor TEXT NOT NULL, state TEXT NOT NULL,
    at INTEGER NOT NULL, follow_id TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (account, actor)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX following_state ON following (account, state, at)",
    "CREATE INDEX following_actor ON following (actor, state)",
    "CREATE INDEX following_follow ON following (follow_id)",
    "CREATE INDEX follower_actor ON follower (actor)",
    """CREATE TABLE shunned (account TEXT NOT NULL, actor TEXT NOT NULL, at INTEGER NOT NULL,
    data TEXT NOT NULL, PRIMARY KEY (account, actor)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE undone (id INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL,
    follow_id TEXT NOT NULL, until INTEGER NOT NULL) STRICT""",
    "CREATE INDEX undone_actor ON undone (actor, follow_id)",
    "CREATE INDEX undone_until ON undone (until)",
    """CREATE TABLE moving (account TEXT NOT NULL, old TEXT NOT NULL, at INTEGER NOT NULL,
    data TEXT NOT NULL, PRIMARY KEY (account, old)) STRICT, WITHOUT ROWID""",
)

# What was said lies apart from the threads, of which lists read many. `talk_count` is how often something has
# happened lately, for bounds; `talk_answered` what the node has answered by itself, which it does once.
_TALKING = (
    """CREATE TABLE talk (account TEXT NOT NULL, id TEXT NOT NULL, peer TEXT NOT NULL, context TEXT NOT NULL,
    state TEXT NOT NULL, unread INTEGER NOT NULL, named TEXT NOT NULL, changed_at INTEGER NOT NULL,
    changed INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (account, id)) STRICT""",
    "CREATE INDEX talk_changed ON talk (changed)",
    "CREATE INDEX talk_state ON talk (account, state, changed)",
    "CREATE INDEX talk_peer_changed ON talk (account, peer, changed)",
    "CREATE INDEX talk_unread ON talk (account, state) WHERE unread > 0",
    """CREATE TABLE talk_said (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    note_id TEXT NOT NULL, thread TEXT NOT NULL, author TEXT NOT NULL, at INTEGER NOT NULL,
    data TEXT NOT NULL, UNIQUE (note_id, account)) STRICT""",
    "CREATE INDEX talk_said_thread ON talk_said (account, thread, id)",
    "CREATE INDEX talk_said_account ON talk_said (account, id)",
    "CREATE INDEX talk_said_author ON talk_said (account, author, at)",
    """CREATE TABLE talk_answered (account TEXT NOT NULL, what TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (account, what)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE talk_count (account TEXT NOT NULL, what TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
    "CREATE INDEX talk_count_what ON talk_count (account, what, at)",
    "CREATE INDEX talk_count_at ON talk_count (at)",
    "CREATE TABLE talk_peer (actor TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE gone_note (id INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL,
    note_id TEXT NOT NULL, until INTEGER NOT NULL) STRICT""",
    "CREATE INDEX gone_note_actor ON gone_note (actor, id)",
    "CREATE INDEX gone_note_note ON gone_note (note_id)",
    """CREATE TABLE plain_quote (id INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL UNIQUE,
    secret TEXT NOT NULL UNIQUE, account TEXT NOT NULL, thread TEXT NOT NULL, state TEXT NOT NULL,
    ends_at INTEGER NOT NULL, data TEXT NOT NULL) STRICT""",
    "CREATE INDEX plain_quote_account ON plain_quote (account, id)",
    "CREATE INDEX plain_quote_thread ON plain_quote (account, thread, id)",
    "CREATE INDEX plain_quote_ends ON plain_quote (ends_at) WHERE state = 'open'",
)

# A timeline is in the order of coming. Of reactions each actor has one of each kind to each post.
_READING = (
    """CREATE TABLE reading (seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    note_id TEXT NOT NULL, author TEXT NOT NULL, shared_by TEXT NOT NULL, share_id TEXT NOT NULL,
    at INTEGER NOT NULL, data TEXT NOT NULL, UNIQUE (account, note_id)) STRICT""",
    "CREATE INDEX reading_account ON reading (account, seq)",
    "CREATE INDEX reading_note ON reading (note_id)",
    "CREATE INDEX reading_author ON reading (author, account, at)",
    "CREATE INDEX reading_share ON reading (shared_by, account, at)",
    """CREATE TABLE reaction (seq INTEGER PRIMARY KEY AUTOINCREMENT, post_id TEXT NOT NULL,
    actor TEXT NOT NULL, kind TEXT NOT NULL, activity_id TEXT NOT NULL, at INTEGER NOT NULL,
    data TEXT NOT NULL, UNIQUE (post_id, actor, kind)) STRICT""",
    "CREATE INDEX reaction_post ON reaction (post_id, kind)",
    "CREATE INDEX reaction_actor ON reaction (actor, at)",
    """CREATE TABLE given_reaction (seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    object_id TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,
    UNIQUE (account, object_id, kind)) STRICT""",
    "CREATE INDEX given_reaction_account ON given_reaction (account, seq)",
)

# Bytes lie apart from what they are kept for: they are kept once, and lists never read them.
_MEDIA = (
    """CREATE TABLE picture (digest TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT""",
    """CREATE TABLE kept_picture (seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    purpose TEXT NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL,
    UNIQUE (account, purpose, place, name)) STRICT""",
    "CREATE INDEX kept_picture_account ON kept_picture (account, seq)",
    "CREATE INDEX kept_picture_name ON kept_picture (name, purpose)",
    "CREATE INDEX kept_picture_digest ON kept_picture (digest)",
    "CREATE INDEX kept_picture_at ON kept_picture (purpose, at)",
    "CREATE INDEX kept_picture_size ON kept_picture (account, purpose, size_bytes)",
)

# What goes to many has one row, and from it a delivery for each inbox, once. Its deliveries lie in an index
# of their own, so that lists of the others do not go through them. `target` is where a follower's posts go.
_FAN_OUT = (
    """CREATE TABLE fan_out (id INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL, about TEXT NOT NULL,
    at INTEGER NOT NULL, spreading INTEGER NOT NULL, taken_back INTEGER NOT NULL, body BLOB REFERENCES body,
    data TEXT NOT NULL) STRICT""",
    "CREATE INDEX fan_out_spreading ON fan_out (id) WHERE spreading = 1",
    "CREATE INDEX fan_out_about ON fan_out (about, actor, id)",
    "CREATE INDEX fan_out_actor ON fan_out (actor, id)",
    "CREATE INDEX fan_out_at ON fan_out (at, id)",
    "CREATE INDEX fan_out_body ON fan_out (body) WHERE body IS NOT NULL",
    "ALTER TABLE delivery ADD COLUMN fan_out INTEGER",
    "CREATE UNIQUE INDEX delivery_once ON delivery (fan_out, inbox) WHERE fan_out IS NOT NULL",
    "CREATE INDEX delivery_spread ON delivery (state, fan_out) WHERE fan_out IS NOT NULL",
    "DROP INDEX delivery_state",
    "CREATE INDEX delivery_state ON delivery (state, id) WHERE fan_out IS NULL",
    """ALTER TABLE follower ADD COLUMN target TEXT GENERATED ALWAYS AS
    (coalesce(nullif(json_extract(data, '$.shared_inbox'), ''), json_extract(data, '$.inbox'))) VIRTUAL""",
    "CREATE INDEX follower_target ON follower (account, target) WHERE state = 'accepted'",
)

# Columns that say of a post what lists of it ask for. `ends` is when a standing offer ends whose post does
# not say so yet; these times are whole seconds.
_POSTING = (
    "ALTER TABLE post ADD COLUMN author TEXT GENERATED ALWAYS AS (json_extract(data, '$.author')) VIRTUAL",
    """ALTER TABLE post ADD COLUMN visibility TEXT
    GENERATED ALWAYS AS (coalesce(json_extract(data, '$.visibility'), 'public')) VIRTUAL""",
    "ALTER TABLE post ADD COLUMN pinned TEXT GENERATED ALWAYS AS (json_extract(data, '$.pinned_at')) VIRTUAL",
    "CREATE INDEX post_own ON post (account, visibility, at) WHERE deleted = 0 AND author = account",
    "CREATE INDEX post_pinned ON post (account, pinned) WHERE pinned IS NOT NULL",
    """CREATE TABLE post_topic (topic TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (topic, at, id)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX post_topic_post ON post_topic (id)",
    """CREATE TABLE post_edit (number INTEGER PRIMARY KEY AUTOINCREMENT, post TEXT NOT NULL,
    data TEXT NOT NULL) STRICT""",
    "CREATE INDEX post_edit_post ON post_edit (post, number)",
    """CREATE TABLE utterance (id TEXT PRIMARY KEY, author TEXT NOT NULL, at INTEGER NOT NULL,
    in_reply_to TEXT NOT NULL, context TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX utterance_reply ON utterance (in_reply_to, at, id) WHERE in_reply_to <> ''",
    "CREATE INDEX utterance_context ON utterance (context, at, id) WHERE context <> ''",
    "ALTER TABLE standing_offer ADD COLUMN ends INTEGER",
    """UPDATE standing_offer
    SET ends = CAST(strftime('%s', json_extract(data, '$.ends_at')) AS INTEGER) * 1000000
    WHERE json_extract(data, '$.withdrawn_at') IS NULL""",
    "CREATE INDEX standing_offer_ends ON standing_offer (ends, id) WHERE ends IS NOT NULL",
)

# What accounts without a node were told of an intent, and what their messages offered. `wake_at` is when the
# clock has something to do.
_PLAIN_CASTS = (
    """CREATE TABLE plain_cast (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
    secret TEXT NOT NULL UNIQUE, account TEXT NOT NULL, intent TEXT NOT NULL, thread TEXT NOT NULL,
    state TEXT NOT NULL, wake_at INTEGER, data TEXT NOT NULL) STRICT""",
    "CREATE INDEX plain_cast_account ON plain_cast (account, id)",
    "CREATE INDEX plain_cast_intent ON plain_cast (intent, id)",
    "CREATE INDEX plain_cast_thread ON plain_cast (account, thread) WHERE thread <> ''",
    "CREATE INDEX plain_cast_wake ON plain_cast (wake_at) WHERE wake_at IS NOT NULL",
    """CREATE TABLE hand_offer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL, intent TEXT NOT NULL, thread TEXT NOT NULL, data TEXT NOT NULL) STRICT""",
    "CREATE INDEX hand_offer_account ON hand_offer (account, id)",
    "CREATE INDEX hand_offer_intent ON hand_offer (intent, id)",
    "CREATE INDEX hand_offer_thread ON hand_offer (account, thread, id)",
)

# The signature of the request, where a message binds that has no proof of its own; nothing for all others.
_SIGNATURES = (
    "ALTER TABLE inbox ADD COLUMN signature TEXT",
    "ALTER TABLE evidence ADD COLUMN signature TEXT",
)

FEDIVERSE_STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("0013-following", _FOLLOWING),
    ("0014-talking", _TALKING),
    ("0015-reading", _READING),
    ("0016-media", _MEDIA),
    ("0017-fan-out", _FAN_OUT),
    ("0018-posting", _POSTING),
    ("0019-plain-casts", _PLAIN_CASTS),
    ("0020-signatures", _SIGNATURES),
)
"""Each step's name and its statements, in the order in which they are run."""
