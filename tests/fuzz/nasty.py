"""What has gone wrong somewhere before: texts, numbers and shapes that two readers read in two ways."""

from __future__ import annotations

from typing import Any

__all__ = ["LONG", "NUMBERS", "ODD_JSON", "TEXTS", "TOKENS", "VALUES"]

LONG = 5_000

NUMBERS: tuple[Any, ...] = (
    0, -0.0, 1, -1, 1.5, 0.1, 2**53 - 1, -(2**53 - 1), 10**15, 1e15, 5e-324, 1e-7, 123456789.125,
)  # fmt: skip

_TIMES = (
    "2026-02-30T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "2026-11-21T24:00:00Z",
    "2026-11-21T23:59:60Z",
    "2026-11-21T12:00:00+00:00",
    "2026-11-21T12:00:00+24:00",
    "2026-11-21T12:00:00-00:00",
    "2026-11-21 12:00:00Z",
    "2026-11-21T12:00:00",
    "2026-W47-6T12:00:00Z",
    "20261121T120000Z",
    "2026-11-21T12:00:00.1234567890123Z",
    "2026-11-21T12:00:00,5Z",
    "2026-11-21t12:00:00z",
    "２０２６-11-21T12:00:00Z",
    "2026-11-21",
    "2026-13",
    "2026-11",
    "1969-12-31T23:59:59Z",
    "PT1S",
    "P1D",
    "P-1D",
    "P9999999999999Y",
)
_AMOUNTS = (
    "0", "00", "-0", "0.0", "0.001", "-1", "+5", "1e3", "1E3", ".5", "1.", "1,000.00", "1_000", " 1",
    "1 ", "１",
    "٣", "NaN", "Infinity", "-Infinity", "sNaN", "999999999999999", "9999999999999999", "1000000000",
    "1e999999999",
    "0.0000001", "289.00", "289.0", "289", "1" * 400, "0." + "0" * 400 + "1", "105..125", "125..105",
    "..", "1..", "0x10",
)  # fmt: skip
_ADDRESSES = (
    "https://v.example",
    "https://v.example/",
    "https://V.EXAMPLE/actors/shop",
    "http://v.example/actors/shop",
    "https://v.example:443/actors/shop",
    "https://v.example:0443/actors/shop",
    "https://v.example:444/actors/shop",
    "https://v.example./actors/shop",
    "https://v.example/actors/../actors/shop",
    "https://v.example//actors/shop",
    "https://v.example/actors/shop/inbox",
    "https://v.example/actors/sh%6Fp",
    "https://v.example/actors/shop#main-key",
    "https://v.example/actors/shop?x=1",
    "https://v.example\\@m.example/",
    "https://m.example@v.example/actors/shop",
    "https://m.example/actors/mallory#https://v.example/",
    "https://m.example/activities/" + "a" * 1990,
    "https://m.example/é",
    "https://m.example/é",
    "https://m.example/%C3%A9",
    "https://m.example/\u200b",
    "https://ｍ.example/actors/mallory",
    "https://m。example/actors/mallory",
    "https://xn--m-0ga.example/",
    "https://xn--a.example/",
    "https://xn--/",
    "https://ß.example/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://" + "a." * 130 + "example/",
    "https://" + "a" * 64 + ".example/",
    "https:///",
    "https://:443/",
    "https:v.example",
    "//v.example/x",
    "urn:uuid:1",
    "acct:mallory@m.example",
    "mailto:a@b",
    "data:,x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://www.w3.org/ns/activitystreams#Public",
    "as:Public",
    "Public",
    "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    "did:key:",
    "did:web:m.example",
    "https://www.wikidata.org/wiki/Q4916",
    "https://www.wikidata.org/wiki/Q0",
    "https://www.wikidata.org/wiki/Q" + "9" * 400,
    "https://www.wikidata.org/wiki/Q11442#",
    "http://www.wikidata.org/entity/Q11442",
    "Q11442",
)
_PAGES = (
    "<script>alert(1)</script>",
    "<p>" * 3000,
    "<a href='javascript:alert(1)'>x</a>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<svg/onload=alert(1)>",
    "&#0;&#x110000;&#xD800;&nosuch;",
    "<!--" + "-" * 2000,
    "<![CDATA[" + "]" * 2000,
    "<" * 2000,
    "<a " + "a=" * 1500 + ">",
)
ODD_JSON = (
    "", "{}", "[]", "null", "1", '"x"', '{"a":1', '{"proof":null}', '{"proof":[]}', '{"proof":{}}',
    '{"proof":1}',
    '{"a":1,"a":2}', "[" * 2000, '{"proof":' + "{}" + ',"type":[]}', "\ufeff{}", '{"issuer":{}}',
    '{"issuer":null}',
    '{"credentialSubject":[]}', '{"credentialSubject":{"id":[]}}',
    '{"type":"VerifiableCredential","proof":{"type":1}}',
)  # fmt: skip
_CODES = (
    "obv:expired", "obv:", "obv:nonsense", "expired", "obv:price", "obv:terms", "obv:other",
    "obv:__class__",
    "Proposal", "Offer", "Accept", "Agreement", "Tombstone", "Note", "Follow", "Issue", "Grant",
    "Reason", "Person",
    "transfer", "deliverService", "request", "offer", "one", "hour", "kilogram", "gram", "litre",
    "centimetre", "yes",
    "must", "fits", "is", "atMost", "paid", "delivered", "refunded", "dispatched", "done",
    "eddsa-jcs-2022", "assertionMethod", "zQmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh51", "z",
    "z" + "1" * 3000,
    "constructor", "__proto__", "hasOwnProperty", "@id", "@graph", "@reverse", "self",
)  # fmt: skip
_WORDS = (
    "", " ", "\t", "\n", "\r\nX-Evil: 1", "\x00", "\x7f", "\x85", "\u2028", "\u202e", "\u200b", "\ufeff",
    "\uffff", "🛒",
    "é", "e\u0301", "ﬁ", "İ", "ß", "ſ", "K", "a" * LONG, "é" * LONG, "\u0300" * 500,
    "'; DROP TABLE deal;--", "%s%n{0}",
    "../../../etc/passwd", "..\\", "%2e%2e%2f", "%00", "%", "$(id)", "`id`", "{{7*7}}", "\x1b[31m",
    "=cmd|' /C calc'!A0",
)  # fmt: skip

TEXTS: tuple[str, ...] = (*_TIMES, *_AMOUNTS, *_ADDRESSES, *_PAGES, *ODD_JSON, *_CODES, *_WORDS)

TOKENS: tuple[str, ...] = (
    "", " ", "\t", "\n", "\r\n", "\x00", "#", "?", "/", "//", "..", "@", ":", ";", ",", "=", '"', "'",
    "\\", "%", "%2F", "%00",
    "<", ">", "&", "(", ")", "[", "]", "{", "}", "-", "+", ".", "0", "9", "e", "z", "é", "\u0301", "．",
    "。", "\u200b", "\u202e",
    "xn--", "http://", "https://", "obv:", "\ud7ff", "\U0010ffff", "🛒", "٣",
)  # fmt: skip

VALUES: tuple[Any, ...] = (
    None, True, False, *NUMBERS, [], {}, [[]], [{}], [None], [[[[[[[[]]]]]]]], "", " ",
    {"id": None}, {"id": 1}, {"id": []}, {"id": {}}, {"@id": "https://m.example/1"}, {"type": None},
    {"type": []},
    {"type": [[]]}, {"type": ["Proposal", "Note"]}, {"@value": "x"}, {"@list": []}, {"@set": [1]}, {"": ""},
    {"hasUnit": None, "hasNumericalValue": None}, {"hasUnit": "one", "hasNumericalValue": 1},
    {"type": "Tombstone"}, {"type": "Reason"}, {"type": "Reason", "reasonCode": []}, {"proof": None},
    ["x"] * 200,
    [{"id": f"https://m.example/{number}"} for number in range(60)],
    *_TIMES[:12], *_AMOUNTS[:28], *_ADDRESSES[:30], *_CODES[:40], *ODD_JSON[:12],
)  # fmt: skip
