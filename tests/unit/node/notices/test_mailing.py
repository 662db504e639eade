"""Mail is handed over safely or not at all, to a real server on loopback."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_string, policy
from pathlib import Path

import pytest

from node.config import load_config, make_config, save_config
from node.domain.errors import InvalidInput
from node.notices.mailing import Letter, MailFailed, build_mail, send_mail
from node.notices.mailserver import MailServer, Tls, is_mail_address, parse_mail_server
from tests.post_office import Trust, a_mail_server

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LETTER = Letter("Neues auf ana.example: Rückmeldung", "Grüße\n\nhttps://ana.example/my/notices\n.\nEnde\n")
MANAGE = "https://ana.example/my/settings/notices"


def a_server(port: int, tls: Tls = Tls.NONE, **over: str) -> MailServer:
    return MailServer(
        "localhost" if tls is not Tls.NONE else "127.0.0.1", port, tls, "obverse@ana.example", **over
    )


def a_mail(to: str = "ana@post.example", letter: Letter = LETTER) -> object:
    return build_mail(letter, sender="obverse@ana.example", to=to, number="n1", now=NOW, manage=MANAGE)


async def hand_over(server: MailServer, ca_file: str | None = None) -> None:
    mail = build_mail(
        LETTER, sender=server.sender, to="ana@post.example", number="n1", now=NOW, manage=MANAGE
    )
    await send_mail(server, mail, ca_file=ca_file)


async def test_mail_is_plain_text_with_the_headers_of_a_machine() -> None:
    async with a_mail_server() as box:
        await hand_over(a_server(box.port))
    (taken,) = box.mails
    mail = message_from_string(taken.removesuffix("\r\n.\r\n"), policy=policy.default)
    assert mail["From"] == "Obverse <obverse@ana.example>"
    assert mail["To"] == "ana@post.example"
    assert mail["Subject"] == LETTER.subject
    assert mail["Message-ID"] == "<n1@ana.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == f"<{MANAGE}>"
    assert mail["Date"] == "Sun, 22 Nov 2026 10:00:00 +0000"
    assert mail.get_content_type() == "text/plain"
    assert not mail.is_multipart()
    assert "Grüße" in mail.get_content()
    assert taken.isascii()


async def test_nothing_of_a_mail_is_said_before_tls_is_started(tmp_path: Path) -> None:
    trust, secret = Trust(tmp_path, "localhost"), tmp_path / "password"
    secret.write_text("four quiet bicycles\n")
    async with a_mail_server(trust.context) as box:
        server = a_server(box.port, Tls.STARTED, user="ana", password_file=str(secret))
        await hand_over(server, trust.ca_file)
    assert len(box.mails) == 1
    assert [line.split()[0].upper() for line in box.lines_in_the_clear] == ["EHLO", "STARTTLS"]
    assert any(line.startswith("AUTH") for line in box.commands)


async def test_server_that_takes_tls_away_gets_neither_mail_nor_password(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("four quiet bicycles")
    async with a_mail_server() as box:  # whoever sits between has taken STARTTLS out of the answer
        server = a_server(box.port, Tls.STARTED, user="ana", password_file=str(secret))
        with pytest.raises(MailFailed, match="unreachable"):
            await hand_over(server)
    assert box.mails == []
    assert not any(line.upper().startswith(("AUTH", "MAIL", "RCPT")) for line in box.commands)


async def test_certificate_of_nobody_we_trust_gets_nothing(tmp_path: Path) -> None:
    trust = Trust(tmp_path, "localhost")
    async with a_mail_server(trust.context, from_the_start=True) as box:
        with pytest.raises(MailFailed, match="unreachable"):
            await hand_over(a_server(box.port, Tls.FROM_THE_START))
        assert box.commands == []
        await hand_over(a_server(box.port, Tls.FROM_THE_START), trust.ca_file)
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("command", "reply", "what", "is_final"),
    [
        ("RCPT", "550 5.1.1 no such user", "address", True),
        ("RCPT", "451 4.3.0 try again later", "address", False),
        ("MAIL", "553 not from you", "refused", False),
        ("DATA", "554 we think not", "refused", False),
    ],
)
async def test_refusal_is_told_apart_from_a_delay(
    command: str, reply: str, what: str, is_final: bool
) -> None:
    async with a_mail_server() as box:
        box.answers[command] = reply
        with pytest.raises(MailFailed) as failed:
            await hand_over(a_server(box.port))
    assert (failed.value.what, failed.value.is_final) == (what, is_final)
    assert failed.value.detail.startswith(reply[:3])


async def test_wrong_password_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    trust, secret = Trust(tmp_path, "localhost"), tmp_path / "password"
    async with a_mail_server(trust.context) as box:
        server = a_server(box.port, Tls.STARTED, user="ana", password_file=str(secret))
        with pytest.raises(MailFailed) as failed:
            await hand_over(server, trust.ca_file)
        assert (failed.value.what, failed.value.detail) == ("password", "password: No such file or directory")
        secret.write_text("wrong")
        box.answers["AUTH"] = "535 5.7.8 not you"
        with pytest.raises(MailFailed) as failed:
            await hand_over(server, trust.ca_file)
    assert (failed.value.what, failed.value.is_final) == ("log-in", False)


async def test_dead_server_is_unreachable_and_says_so_in_one_line() -> None:
    async with a_mail_server() as box:
        port = box.port
    with pytest.raises(MailFailed) as failed:
        await hand_over(a_server(port))
    assert failed.value.what == "unreachable"
    assert "\n" not in failed.value.detail


async def test_odd_characters_of_the_other_side_are_not_passed_on() -> None:
    async with a_mail_server() as box:
        box.answers["MAIL"] = "550 \x1b[31mred\x07 " + "x" * 300
        with pytest.raises(MailFailed) as failed:
            await hand_over(a_server(box.port))
    assert failed.value.detail.isprintable()
    assert len(failed.value.detail) <= 200


@pytest.mark.parametrize(
    "address",
    ["ana@post.example\r\nBcc: eve@evil.example", "a b@c.example", "", "ana", "a@b@c", ".a@b.example"],
)
def test_nothing_can_be_put_into_the_headers_by_an_address(address: str) -> None:
    assert not is_mail_address(address)
    with pytest.raises(ValueError, match="no mail address"):
        a_mail(address)


def test_nothing_can_be_put_into_the_headers_by_a_subject() -> None:
    with pytest.raises(ValueError, match=r"newline|linefeed|Header"):
        a_mail(letter=Letter("Hello\nBcc: eve@evil.example", ""))


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://post.example", (465, Tls.FROM_THE_START)),
        ("smtp://post.example", (587, Tls.STARTED)),
        ("smtp://post.example:25", (25, Tls.STARTED)),
        ("smtp://127.0.0.1:2525", (2525, Tls.NONE)),
        ("smtp://[::1]:2525", (2525, Tls.NONE)),
        ("smtp://localhost", (587, Tls.NONE)),
        ("smtp://127.0.0.1.evil.example", (587, Tls.STARTED)),
    ],
)
def test_line_is_safe_unless_it_never_leaves_the_machine(url: str, expected: tuple[int, Tls]) -> None:
    server = parse_mail_server(url, None, "obverse@ana.example")
    assert (server.port, server.tls) == expected


def test_password_never_goes_without_tls_even_on_this_machine() -> None:
    server = parse_mail_server("smtp://ana%40post@127.0.0.1:2525", "/file", "obverse@ana.example")
    assert (server.user, server.tls) == ("ana@post", Tls.STARTED)


@pytest.mark.parametrize(
    ("url", "sender", "names"),
    [
        ("http://post.example", "o@ana.example", "smtp_url"),
        ("smtp:post.example", "o@ana.example", "smtp_url"),
        ("smtp://post.example:x", "o@ana.example", "smtp_url"),
        ("smtps://post.example/path", "o@ana.example", "smtp_url"),
        ("smtps://ana:secret@post.example", "o@ana.example", "smtp_url"),
        ("smtps://ana@post.example", "o@ana.example", "smtp_password_file"),
        ("smtps://post.example", "nobody", "mail_from"),
    ],
)
def test_setting_that_cannot_be_used_is_named_without_its_secret(url: str, sender: str, names: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_mail_server(url, None, sender)
    assert refused.value.field == names
    assert "secret" not in str(refused.value)


def test_settings_of_mail_are_checked_when_they_are_read_and_survive_being_written(tmp_path: Path) -> None:
    raw = {
        "base_url": "https://ana.example:8443",
        "smtp_url": "smtps://ana@post.example",
        "smtp_password_file": "/etc/obverse/smtp.password",
    }
    config = make_config(tmp_path / "node", raw)
    assert config.mail is not None
    assert config.mail.sender == "obverse@ana.example"
    save_config(config)
    assert load_config(tmp_path / "node").mail == config.mail
    assert make_config(tmp_path, {"base_url": "https://ana.example"}).mail is None
    with pytest.raises(InvalidInput, match="smtp_url"):
        make_config(tmp_path, {**raw, "smtp_url": "ftp://post.example"})
