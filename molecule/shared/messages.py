"""Messages that tests write and read."""

import uuid
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import formatdate, make_msgid


def token() -> str:
    """Return a word that no other message has."""
    return uuid.uuid4().hex


def letter(
    subject: str,
    *,
    sender: str = "friend@example.org",
    to: str = "anything@example.com",
    body: str = "Hello!\n",
    **headers: str,
) -> EmailMessage:
    """Return an ordinary message; more headers as keywords (`Reply_To="…"`)."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="example.org")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message


def parse(raw: bytes) -> EmailMessage:
    """Return a message as Python's email package reads it."""
    return message_from_bytes(raw, policy=default)
