"""A mail program fetches over POP3, and finds everything as it left it."""

import poplib
import time

import pytest
from messages import letter, token
from probe import Server


def deliver(server: Server, count: int) -> list[str]:
    """Deliver some messages and return a word from the subject of each."""
    words = [token() for _ in range(count)]
    for word in words:
        server.send(letter(word, to=server.mailbox().login, body="one\n\n.dotted\n" + "x\n" * 50))
        server.wait_for_raw(None, word)
    return words


def ids(pop3: poplib.POP3) -> list[bytes]:
    """Return the lasting id of each message, in order."""
    return [line.split()[1] for line in pop3.uidl()[1]]


def number_of(pop3: poplib.POP3, word: str) -> int:
    """Return the number of the message with that word in its header."""
    for number in range(pop3.stat()[0], 0, -1):
        if word.encode() in b"\n".join(pop3.top(number, 0)[1]):
            return number
    raise AssertionError(f"no message with {word}")


def test_it_says_what_it_can(server: Server) -> None:
    with server.pop3() as pop3:
        assert {"TOP", "UIDL", "PIPELINING", "RESP-CODES"} <= pop3.capa().keys()


def test_sizes_are_right(server: Server) -> None:
    deliver(server, 1)
    with server.pop3() as pop3:
        count, octets = pop3.stat()
        sizes = [int(line.split()[1]) for line in pop3.list()[1]]
        assert (len(sizes), sum(sizes)) == (count, octets)
        lines = pop3.retr(count)[1]
        assert sum(len(line) + 2 for line in lines) == sizes[-1]
        assert b".dotted" in lines


def test_top_shows_the_header_and_some_lines(server: Server) -> None:
    (word,) = deliver(server, 1)
    with server.pop3() as pop3:
        number = number_of(pop3, word)
        whole, top = pop3.retr(number)[1], pop3.top(number, 3)[1]
    blank = whole.index(b"")
    assert top == whole[: blank + 1 + 3]


def test_ids_last(server: Server) -> None:
    """Or a mail program would fetch everything twice."""
    deliver(server, 2)
    with server.pop3() as pop3:
        first = ids(pop3)
    assert len(set(first)) == len(first) >= 2
    server.restart_dovecot()
    deliver(server, 1)
    with server.pop3() as pop3:
        assert ids(pop3)[:-1] == first


def test_deleted_messages_go_at_the_end_of_the_session(server: Server) -> None:
    keep, drop = deliver(server, 2)
    with server.pop3() as pop3:
        before = ids(pop3)
        number = number_of(pop3, drop)
        pop3.dele(number)
        with pytest.raises(poplib.error_proto):
            pop3.retr(number)
    with server.pop3() as pop3:
        assert ids(pop3) == before[: number - 1] + before[number:]
        number_of(pop3, keep)


def test_reset_takes_deletions_back(server: Server) -> None:
    (word,) = deliver(server, 1)
    with server.pop3() as pop3:
        before = ids(pop3)
        pop3.dele(number_of(pop3, word))
        pop3.rset()
    with server.pop3() as pop3:
        assert ids(pop3) == before


def test_a_lost_connection_deletes_nothing(server: Server) -> None:
    (word,) = deliver(server, 1)
    with server.wire("pop3s") as wire:
        mailbox = server.mailbox()
        wire.say_all([f"USER {mailbox.login}", f"PASS {mailbox.password}"])
        count = wire.say("STAT").split()[1]
        assert wire.say(f"DELE {count}").startswith("+OK")
    server.wait_for_raw(None, word)


def test_a_wrong_password_is_refused_and_waits(server: Server) -> None:
    """Guessing is slow, and does not tell whether there is such a login."""
    delay = server.setting("auth_failure_delay_seconds")
    answers = set()
    for login in (server.mailbox().login, f"nobody@{server.mailbox().domains[0]}"):
        with server.wire("pop3s") as wire:
            wire.say(f"USER {login}")
            begin = time.monotonic()
            answers.add(wire.say("PASS wrong"))
            # Dovecot counts in whole seconds.
            assert delay - 1 < time.monotonic() - begin < delay + 2
        server.restart_dovecot()
    (answer,) = answers
    assert answer.startswith("-ERR [AUTH]")
