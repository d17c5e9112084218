"""What a server's ledger holds, and the people who make it hold something."""

import json
import smtplib
import uuid
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest
from messages import letter
from probe import Server

LOGIN = "mailbox@example.com"
_QUERY = """
import json, sys
place, sql, *values = sys.argv[1:]
if place.startswith("/"):
    import sqlite3
    connection = sqlite3.connect(place, isolation_level=None)
else:
    import psycopg
    connection, sql = psycopg.connect(place, autocommit=True), sql.replace("?", "%s")
cursor = connection.execute(sql, values)
rows = cursor.fetchall() if cursor.description else []
print(json.dumps(rows, default=bytes.hex))
"""


def alias(domain: str = "example.com") -> str:
    """Return an address that no other test uses."""
    return f"shop-{uuid.uuid4().hex[:12]}@{domain}"


def rows(server: Server, sql: str, *values: str) -> list[list[Any]]:
    """Ask the ledger's database itself, past all of our own code."""
    found: list[list[Any]] = json.loads(
        server.python(_QUERY, server.setting("ledger"), sql, *values)
    )
    return found


def command(server: Server, *argv: str, code: int = 0) -> str:
    """Run `mailpopbox` on the server, and return what it prints."""
    done = server.run("mailpopbox", *argv, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def incoming(*aliases: str, subject: str = "Hello", message_id: str | None = None) -> EmailMessage:
    """Return a message from somebody outside to these addresses."""
    message = letter(subject, sender="friend@somewhere.test", to=", ".join(aliases))
    del message["Message-ID"]
    message["Message-ID"] = message_id or make_msgid(domain="somewhere.test")
    return message


def answer(message: EmailMessage, sender: str = LOGIN, **headers: str) -> EmailMessage:
    """Return an answer as mail programs make it, which know no alias."""
    return letter(
        f"Re: {message['Subject']}",
        sender=sender,
        to="friend@somewhere.test",
        In_Reply_To=message["Message-ID"],
        **headers,
    )


def submit(server: Server, message: EmailMessage, recipient: str, login: str = LOGIN) -> None:
    server.send(message, sender=login, to=[recipient], service="submissions", login=login)


def refusal(server: Server, message: EmailMessage, recipient: str, login: str = LOGIN) -> str:
    """Submit what must be refused, and return how it was."""
    with pytest.raises(smtplib.SMTPDataError) as refused:
        submit(server, message, recipient, login)
    assert isinstance(refused.value.smtp_error, bytes)
    return f"{refused.value.smtp_code} {refused.value.smtp_error.decode()}"


def said_of(server: Server, address: str, sender: str = "friend@somewhere.test") -> str:
    """Return what the server says to a recipient."""
    with server.wire() as wire:
        wire.say("EHLO client.example.org")
        wire.say(f"MAIL FROM:<{sender}> SMTPUTF8")
        return wire.say(f"RCPT TO:<{address}>")


def code_of(error: smtplib.SMTPException) -> int:
    """Return the code of an answer, whichever command it was to."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, _)] = error.recipients.values()
        return code
    assert isinstance(error, smtplib.SMTPResponseException)
    return error.smtp_code
