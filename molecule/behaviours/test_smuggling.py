"""One message stays one message, however its lines end."""

import pytest
from messages import token
from probe import Server
from wire import Wire

# What other servers may pass on in a body, and lax ones take for its end.
FALSE_ENDS = (
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\n\n.\r\n",
)


def begin(server: Server, wire: Wire) -> None:
    """Get to the place where the message itself is asked for."""
    wire.say("EHLO client.example.org")
    wire.say("MAIL FROM:<friend@example.org>")
    wire.say(f"RCPT TO:<anybody@{server.mailbox().domains[0]}>")
    assert wire.say("DATA").startswith("354")


@pytest.mark.parametrize("false_end", FALSE_ENDS)
def test_nothing_is_smuggled(server: Server, false_end: bytes) -> None:
    outer, inner = token(), token()
    domain = server.mailbox().domains[0].encode()
    smuggled = (
        b"MAIL FROM:<boss@" + domain + b">\r\nRCPT TO:<anybody@" + domain + b">\r\nDATA\r\n"
        b"Subject: " + inner.encode() + b"\r\n\r\nYou are fired.\r\n.\r\n"
    )
    with server.wire("smtp") as wire:
        begin(server, wire)
        wire.send(b"Subject: " + outer.encode() + b"\r\n\r\nHello" + false_end + smuggled)
        assert wire.answer().startswith("250 2.0.0 Ok: queued")
        # Had it been taken for two messages, more answers would come before this one.
        assert wire.say("QUIT").startswith("221")
    (message,) = server.wait_for_copies(None, outer, 1)
    assert "You are fired." in message.as_string()
    assert server.copies(None, inner) == []


def test_bare_newlines_are_made_whole(server: Server) -> None:
    word = token()
    with server.wire("smtp") as wire:
        begin(server, wire)
        head = b"Message-ID: <1@example.org>\nSubject: %b\nX-Second: line\n" % word.encode()
        wire.send(head + b"\none\ntwo\r\nthree\r\n.\r\n")
        assert wire.answer().startswith("250")
    raw = server.wait_for_raw(None, word)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"\r\nX-Second: line\r\n" in head
    assert body == b"one\r\ntwo\r\nthree\r\n"
    assert raw.count(b"\n") == raw.count(b"\r\n")
