"""While Rspamd or DNS are away, nothing is lost, nothing leaves unsigned, and little waits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest
from destination import Destination
from inside import wait_until
from messages import letter, token
from posting import Outsider, answer_to, restart_rspamd, wait_for_rspamd
from probe import Server

HOSTILE = "evil@hostile.test"


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    server.run("systemctl", "stop", "rspamd")
    try:
        yield
    finally:
        server.run("systemctl", "start", "rspamd")
        wait_for_rspamd(server)


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    """Let Rspamd be there, and say nothing."""
    server.run("systemctl", "kill", "--signal=STOP", "rspamd")
    try:
        yield
    finally:
        server.run("systemctl", "kill", "--signal=CONT", "rspamd")


@contextmanager
def silent(server: Server) -> Iterator[None]:
    """Let the resolver take questions, and answer none."""
    with server.provoking("RBL lookup error"):
        server.run("systemctl", "kill", "--signal=STOP", "unbound")
        try:
            yield
        finally:
            server.run("systemctl", "kill", "--signal=CONT", "unbound")


def mail_to(server: Server, word: str, to: str) -> EmailMessage:
    return letter(word, sender=server.mailbox().login, to=to)


@pytest.mark.parametrize("service", ["smtp", "submissions", "submission"])
def test_without_rspamd_mail_waits_with_its_sender(
    server: Server, far: Destination, outsider: Outsider, service: str
) -> None:
    word = token()
    to = server.mailbox().login if service == "smtp" else f"{word}@plain.test"
    with server.provoking("Milter service unix:rspamd/milter.sock", "milter"):
        with stopped(server):
            answer = answer_to(server, mail_to(server, word, to), service)
            assert answer.startswith("4"), answer
            assert server.queue() == []
        assert answer_to(server, mail_to(server, word, to), service).startswith("250")
    if service == "smtp":
        server.wait_for_message(None, word)
        assert len(server.copies(None, word)) == 1
    else:
        signatures = outsider.signatures(far.wait_for_raw(to))
        assert [each.right for each in signatures] == [True, True]


@pytest.mark.parametrize("service", ["smtp", "submissions"])
def test_nobody_waits_for_it_forever(server: Server, service: str) -> None:
    mail = mail_to(server, token(), server.mailbox().login)
    with server.provoking("Milter service unix:rspamd/milter.sock", "milter", "lost .*heartbeat"):
        with hanging(server):
            answer = answer_to(server, mail, service)
            assert answer.startswith("4"), answer
            assert server.queue() == []
        wait_until("acceptance", lambda: answer_to(server, mail, service).startswith("250"))


def test_without_rspamd_a_bounce_waits(server: Server, outsider: Outsider) -> None:
    """The message that could not be delivered stays in the queue until its bounce is signed."""
    box, word, begin = server.mailbox(), token(), time.time()

    def is_refused() -> bool:
        server.try_again()
        return "rspamd/milter.sock" in server.journal(begin)

    with server.provoking("Milter service unix:rspamd/milter.sock", "milter", "bounce"):
        server.run("postconf", "-e", "defer_transports=smtp")
        server.run("postfix", "reload")
        try:
            assert answer_to(server, mail_to(server, word, "nobody@plain.test"))[:3] == "250"
            with stopped(server):
                server.run("postconf", "-e", "defer_transports=")
                server.run("postfix", "reload")
                wait_until("refusal", is_refused)
                time.sleep(1)
                assert len(server.queue()) == 1
        finally:
            server.run("postconf", "-X", "defer_transports")
            server.run("postfix", "reload")
        server.deliver_all()
    folder = f"/var/vmail/{box.login}/Maildir/new"
    search = ["grep", "-rlF", word, folder]
    wait_until("bounce", lambda: server.run(*search, check=False).stdout)
    (raw,) = map(server.read, server.run(*search).stdout.split())
    assert b"Undelivered Mail" in raw
    assert [each.right for each in outsider.signatures(raw)] == [True, True]


def test_killed_it_comes_back(server: Server) -> None:
    with server.provoking("rspamd", "Milter service unix:rspamd", "milter"):
        server.kill("rspamd")
        wait_for_rspamd(server)
        word = token()
        to = server.mailbox().login
        wait_until(
            "acceptance", lambda: answer_to(server, mail_to(server, word, to)).startswith("250")
        )


def test_without_dns_submissions_do_not_wait(server: Server) -> None:
    with silent(server):
        begin = time.monotonic()
        answer = answer_to(server, mail_to(server, token(), "friend@plain.test"))
        assert answer.startswith("250"), answer
        assert time.monotonic() - begin < 3
    # Where it goes to, Postfix could not find out.
    server.try_again()
    wait_until("empty queue", lambda: not server.queue())


def test_without_dns_what_cannot_be_judged_is_not_believed(
    server: Server, outsider: Outsider
) -> None:
    """Under "strict" it waits with its sender, and soon knows that it has to."""
    word = token()
    mail = letter(word, sender="ceo@bank.test")
    with silent(server):
        begin = time.monotonic()
        answer = outsider.post(server, mail, sender=HOSTILE)
        assert answer.startswith("451 4.7.1 "), answer
        # Ten seconds for each of the client's name and two blocklists, then Rspamd.
        assert time.monotonic() - begin < 60
    assert outsider.post(server, mail, sender=HOSTILE).startswith("554 ")


def test_what_cannot_be_signed_waits(server: Server, far: Destination) -> None:
    """Better late than unsigned."""
    domain, to = server.mailbox().domains[0], f"{token()}@plain.test"
    state = "/var/lib/mailpopbox-dkim/signing.yml"
    kept = server.run("cat", state).stdout
    mail = mail_to(server, "Hello", to)
    without = "".join(line for line in kept.splitlines(keepends=True) if domain not in line)
    try:
        server.run("tee", state, stdin=without)
        restart_rspamd(server)
        wait_until("refusal", lambda: "cannot sign the message" in answer_to(server, mail))
        assert server.queue() == []
    finally:
        server.run("tee", state, stdin=kept)
        restart_rspamd(server)
    wait_until("signed message", lambda: answer_to(server, mail).startswith("250"))
    far.wait_for(to)


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
def test_what_lacks_one_of_its_signatures_waits(server: Server, algorithm: str) -> None:
    """Not everybody can check the other one."""
    folder = f"/var/lib/mailpopbox-dkim/{server.mailbox().domains[0]}"
    names = f"{folder}/*.{algorithm}.*"
    mail = mail_to(server, token(), "friend@plain.test")
    with server.provoking("cannot load", "cannot sign", "dkim"):
        server.run("sh", "-c", f"mkdir {folder}/away && mv {names} {folder}/away")
        try:
            restart_rspamd(server)
            wait_until("refusal", lambda: "cannot sign the message" in answer_to(server, mail))
            assert server.queue() == []
        finally:
            server.run("sh", "-c", f"mv {folder}/away/* {folder} && rmdir {folder}/away")
            restart_rspamd(server)
        wait_until("acceptance", lambda: answer_to(server, mail).startswith("250"))


def test_where_a_rule_fails_mail_waits(server: Server, outsider: Outsider) -> None:
    """Rspamd passes over it, and so would what the rule was to hold back."""
    rules = "/etc/rspamd/rspamd.local.lua"
    kept = server.run("cat", rules).stdout
    trouble = "451 4.7.1 This server has trouble; try again later"
    mail = letter(token(), sender=HOSTILE)
    broken = kept.replace("or_wait(function(task)", "or_wait(function(task) error('on purpose')")
    with server.provoking("on purpose"):
        server.run("tee", rules, stdin=broken)
        try:
            restart_rspamd(server)
            wait_until("trouble", lambda: outsider.post(server, mail, sender=HOSTILE) == trouble)
            answer = answer_to(server, mail_to(server, token(), "friend@plain.test"))
            assert answer == trouble
            assert server.queue() == []
        finally:
            server.run("tee", rules, stdin=kept)
            restart_rspamd(server)
