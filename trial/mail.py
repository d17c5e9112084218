#!/usr/bin/env python3
"""A mail program for the trial server, of nothing but Python's own library."""

from __future__ import annotations

import argparse
import json
import os
import poplib
import smtplib
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any

SERVER = Path(__file__).resolve().parent.parent / ".try" / "server.json"
SECONDS = 10

Mailbox = dict[str, Any]


def tls(mailbox: Mailbox) -> ssl.SSLContext:
    """Trust the server's own certificate and no other, so that its name need not be compared."""
    context = ssl.create_default_context(cafile=mailbox["certificate"])
    context.check_hostname = False
    return context


@contextmanager
def pop3(mailbox: Mailbox) -> Iterator[poplib.POP3]:
    """Log in over POP3S."""
    port = mailbox["ports"]["pop3s"]
    client = poplib.POP3_SSL(mailbox["host"], port, timeout=SECONDS, context=tls(mailbox))
    try:
        client.user(mailbox["login"])
        client.pass_(mailbox["password"])
        yield client
        client.quit()
    finally:
        client.close()


def fetch(mailbox: Mailbox) -> list[str]:
    """Return all messages, oldest first, and leave them on the server."""
    with pop3(mailbox) as client:
        count, _ = client.stat()
        lines = [client.retr(number)[1] for number in range(1, count + 1)]
    return [b"\n".join(message).decode(errors="replace") for message in lines]


def wait_and_fetch(mailbox: Mailbox) -> list[str]:
    """As fetch; an empty mailbox gets some time, for mail that is on its way."""
    end = time.monotonic() + SECONDS
    while not (messages := fetch(mailbox)) and time.monotonic() < end:
        time.sleep(0.3)
    return messages


def stranger(server: Mailbox) -> smtplib.SMTP:
    """Connect to port 25 as any other mail server does."""
    return smtplib.SMTP(server["host"], server["ports"]["smtp"], "somewhere.test", SECONDS)


def owner(server: Mailbox) -> smtplib.SMTP:
    """Connect as the owner's mail program: TLS from the start, then the login."""
    client = smtplib.SMTP_SSL(
        server["host"],
        server["ports"]["submissions"],
        "somewhere.test",
        timeout=SECONDS,
        context=tls(server),
    )
    client.login(server["login"], server["password"])
    return client


def letter(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message.set_content(text)
    return message


def letter_of(asked: argparse.Namespace) -> EmailMessage:
    return letter(asked.sender, asked.to, asked.subject, asked.text)


def answer(server: Mailbox) -> EmailMessage:
    """Answer the newest mail as mail programs do: they know the login only."""
    mails = wait_and_fetch(server)
    if not mails:
        sys.exit("There is nothing to answer: the mailbox is empty.")
    newest = message_from_string(mails[-1])
    message = letter(server["login"], newest["From"], f"Re: {newest['Subject']}", "Thank you!\n")
    message["In-Reply-To"] = message["References"] = newest["Message-ID"]
    return message


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, sentence in (
        ("deliver", "bring a mail to port 25 without login, as another server does"),
        ("send", "log in and send a mail, as the owner's mail program does"),
    ):
        command = commands.add_parser(name, help=sentence)
        command.add_argument("--from", required=True, dest="sender", metavar="ADDRESS")
        command.add_argument("--to", required=True, metavar="ADDRESS")
        command.add_argument("--subject", default="Hello")
        command.add_argument("--text", default="Hello!\n")
    commands.add_parser("answer", help="answer the newest mail, as the owner's mail program does")
    command = commands.add_parser("fetch", help="print all mail of the mailbox")
    command.add_argument("--outside", action="store_true", help="what came out for other domains")
    return parser.parse_args()


def run(asked: argparse.Namespace, server: Mailbox) -> None:
    if asked.command == "fetch":
        mails = wait_and_fetch(server["outside"] if asked.outside else server)
        for number, text in enumerate(mails, start=1):
            print(f"--- {number} of {len(mails)} ---\n{text}\n")
        if not mails:
            sys.exit("The mailbox is empty.")
    else:
        message = answer(server) if asked.command == "answer" else letter_of(asked)
        with stranger(server) if asked.command == "deliver" else owner(server) as client:
            client.send_message(message)
        print("The server took it.")


def refusal(*answers: tuple[int, bytes | str]) -> str:
    texts = (f"{code} {os.fsdecode(answer)}" for code, answer in answers)
    return "; ".join(texts)


def main() -> None:
    if not SERVER.exists():
        sys.exit("There is no trial server. Start one: make try")
    asked, server = arguments(), json.loads(SERVER.read_text())
    try:
        run(asked, server)
    except smtplib.SMTPRecipientsRefused as refused:
        sys.exit(f"The server refused it: {refusal(*refused.recipients.values())}")
    except smtplib.SMTPResponseException as refused:
        sys.exit(f"The server refused it: {refusal((refused.smtp_code, refused.smtp_error))}")
    except (OSError, poplib.error_proto) as problem:
        sys.exit(f"The server did not answer as it should: {problem}")


if __name__ == "__main__":
    main()
