"""What left a server, as the recipient sees it."""

import uuid

import yaml
from inside import TOP, wait_until
from mailpopbox.config import Config, parse
from mailpopbox.message import Pairs
from mailpopbox.oneshot import Rewriting, rewritten, split
from probe import Server

FIXTURES = sorted((TOP / "tests/milter/fixtures").glob("*.eml"))
MILTER_YML = "/etc/mailpopbox/milter.yml"
# What the delivery into the mailbox adds on top, and the Received line of Postfix.
_ADDED = ("return-path", "x-original-to", "delivered-to", "received")
# What Rspamd adds below, to mail that comes in.
_JUDGED = ("X-Spam-Status", "X-Spam")


def somebody() -> str:
    """Return an address at another domain that no other message went to."""
    return f"{uuid.uuid4().hex}@somewhere.test"


def config_of(server: Server) -> Config:
    return parse(yaml.safe_load(server.run("cat", MILTER_YML).stdout))


def foretold(server: Server, message: bytes, sender: str) -> Rewriting:
    """Return what `mailpopbox rewrite` says of a message."""
    return rewritten(message, server.mailbox().login, sender, config_of(server))


def maildir(server: Server) -> str:
    return f"/var/vmail/{server.setting('capture_outbound')}/Maildir/new"


def arrived(server: Server, recipient: str) -> list[bytes]:
    """Return all messages that this recipient got by now, as the files they are."""
    marker = f"X-Original-To: {recipient}"
    found = server.run("grep", "--files-with-matches", "-rF", marker, maildir(server), check=False)
    return [server.read(name) for name in found.stdout.splitlines()]


def left(server: Server, recipient: str) -> bytes:
    """Return the one message that this recipient got."""
    found = wait_until(f"message to {recipient}", lambda: arrived(server, recipient))
    assert len(found) == 1
    return found[0]


def own_headers(raw: bytes) -> Pairs:
    """Return the headers as they left, without what delivery, Postfix and Rspamd added."""
    pairs, _ = split(raw)
    assert tuple(name.lower() for name, _ in pairs[: len(_ADDED)]) == _ADDED
    (first, _), *rest = pairs[len(_ADDED) :]
    if first.lower() == "dkim-signature":
        return tuple(rest)
    # It came in.
    assert first.lower() == "authentication-results"
    return tuple((name, value) for name, value in rest if name not in _JUDGED)


def sender_of(raw: bytes) -> str:
    """Return the envelope's sender, as Return-Path tells."""
    return dict(split(raw)[0])["Return-Path"].strip("<>")
