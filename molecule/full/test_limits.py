"""The limits that the knobs set are kept."""

import smtplib

import pytest
from inside import Host
from messages import letter, token
from probe import Server

# Opens connections from another host than the tests do, until one is refused. Arguments: the
# server, how many at the most, and what to do on each.
UNTIL_REFUSED = """
import smtplib, sys
server, most, action, login, password = sys.argv[1:]
kept = []
for number in range(int(most)):
    try:
        client = smtplib.SMTP(server, 587 if action == "login" else 25, timeout=20)
        if action == "login":
            client.starttls()
            client.login(login, password)
    except smtplib.SMTPResponseException as refusal:
        print(number, refusal.smtp_code, refusal.smtp_error.decode())
        break
    if action == "keep":
        kept.append(client)
    else:
        client.close()
"""
# Begins one message after another, with some recipients each or with none.
BEGIN_MESSAGES = """
import smtplib, sys
server, most, recipients = sys.argv[1:]
each = ["anyone@example.com"] * int(recipients)
number = code = 0
while number < int(most) and code in (0, 250):
    client = smtplib.SMTP(server, timeout=20)
    client.ehlo()
    for _ in range(5):
        code, text = client.mail("friend@example.org")
        number += not each and code == 250
        for recipient in each:
            code, text = client.rcpt(recipient)
            number += code == 250
        if code != 250:
            break
        client.rset()
    client.close()
print(number, code, text.decode())
"""


def refused_at(answer: str) -> tuple[int, str]:
    """Return how many were fine, and the words that ended it."""
    number, _, text = answer.strip().partition(" ")
    return int(number), text


@pytest.mark.parametrize(
    ("action", "setting", "words"),
    [
        ("connect", "client_connections_per_minute", "too many connections from"),
        ("login", "client_auths_per_minute", "too many AUTH commands"),
    ],
)
def test_connections_and_logins_in_a_minute(
    server: Server, client: Host, action: str, setting: str, words: str
) -> None:
    limit = server.setting(setting)
    mailbox = server.mailbox()
    with server.provoking("rate limit exceeded"):
        number, text = refused_at(
            client.python(
                UNTIL_REFUSED,
                server.hostname,
                str(limit + 5),
                action,
                mailbox.login,
                mailbox.password,
            )
        )
    server.run("postfix", "reload")
    assert number == limit
    assert words in text


@pytest.mark.parametrize(
    ("recipients", "setting", "words"),
    [
        (0, "client_messages_per_minute", "too much mail"),
        (6, "client_recipients_per_minute", "too many recipients"),
    ],
)
def test_messages_and_recipients_in_a_minute(
    server: Server, client: Host, recipients: int, setting: str, words: str
) -> None:
    limit = server.setting(setting)
    with server.provoking("rate limit exceeded"):
        number, text = refused_at(
            client.python(BEGIN_MESSAGES, server.hostname, str(limit + 5), str(recipients))
        )
    server.run("postfix", "reload")
    assert (number, words in text) == (limit, True), text


def test_connections_at_once(server: Server, client: Host) -> None:
    limit = server.setting("client_connections")
    with server.provoking("Connection concurrency limit exceeded"):
        number, text = refused_at(
            client.python(UNTIL_REFUSED, server.hostname, str(limit + 5), "keep", "", "")
        )
    assert number == limit
    assert text.startswith("421 4.7.0 ")


def test_the_size_of_a_message(server: Server) -> None:
    """Told in advance, and kept to by those who do not ask."""
    limit = server.setting("max_message_mb") * 1024 * 1024
    over = server.provoking("queue file size limit exceeded", "mail_stream_cleanup: close error")
    with over, server.smtp() as smtp:
        assert smtp.esmtp_features["size"] == str(limit)
        code, text = smtp.mail("friend@example.org", [f"SIZE={limit + 1}"])
        assert (code, text[:5]) == (552, b"5.3.4")
        smtp.rset()
        smtp.mail("friend@example.org")
        smtp.rcpt("anyone@example.com")
        code, text = smtp.data(b"Subject: much\r\n\r\n" + b"x" * 70 * (limit // 70 + 1))
        assert (code, text[:5]) == (552, b"5.3.4")


def test_a_message_just_small_enough(server: Server) -> None:
    limit = server.setting("max_message_mb") * 1024 * 1024
    word = token()
    server.send(letter(word, body=("x" * 70 + "\n") * (limit * 98 // 100 // 72)))
    raw = server.wait_for_raw(None, word)
    assert limit * 97 // 100 < len(raw) < limit


def test_the_recipients_of_a_message(server: Server) -> None:
    limit = server.setting("max_recipients")
    with server.smtp() as smtp:
        smtp.mail("friend@example.org")
        answers = [smtp.rcpt(f"a{number}@example.com")[0] for number in range(limit + 2)]
    assert answers == [250] * limit + [452] * 2


def test_pop3_sessions_at_once(server: Server) -> None:
    """Every mailbox may be open several times, up to the same limit as SMTP."""
    limit = server.setting("client_connections")
    mailbox = server.mailbox("bob@example.net")
    opened = []
    try:
        with server.provoking("Maximum number of connections from user"):
            for _ in range(limit + 1):
                session = server.wire("pop3s")
                wire = session.__enter__()
                opened.append(session)
                wire.say(f"USER {mailbox.login}")
                answer = wire.say(f"PASS {mailbox.password}")
    finally:
        for session in opened:
            session.__exit__(None, None, None)
    assert answer.startswith("-ERR"), answer
    assert "Maximum number of connections" in answer
    assert len(opened) == limit + 1


def test_knobs_are_what_refuses(server: Server) -> None:
    """An ordinary message is taken at once by the same server."""
    with pytest.raises(smtplib.SMTPSenderRefused), server.smtp() as smtp:
        smtp.sendmail("friend@example.org", "anyone@example.com", b"x" * 2_000_000)
    word = token()
    server.send(letter(word))
    server.wait_for_message(None, word)
