"""What leaves is signed, and the other side believes it."""

import re

import pytest
from inside import wait_until
from messages import letter, parse, token
from posting import Outsider
from probe import Server
from publishing import Zones, with_line

ALGORITHMS = {"rsa-sha256", "ed25519-sha256"}


def results(raw: bytes) -> str:
    """Return what the server that the message lies on found out about it."""
    return " ".join(str(parse(raw)["Authentication-Results"]).split())


def assert_believed(outsider: Outsider, raw: bytes, server: Server, domain: str) -> None:
    """By the other server's judgement, and apart from it by that of dkimpy and authheaders."""
    said = results(raw)
    assert len(re.findall(f"dkim=pass header.d={domain} ", said)) == 2, said
    assert "spf=pass " in said
    assert "dmarc=pass " in said
    signatures = outsider.signatures(raw)
    assert {each.algorithm for each in signatures} == ALGORITHMS
    assert all(each.right and each.domain == domain for each in signatures), signatures
    judged = outsider.judgement(raw, server)
    # Of an international domain, authheaders asks for the policy of its first two letters.
    for verdict in ("spf", "dkim") if "--" in domain else ("spf", "dkim", "dmarc"):
        assert f"; {verdict}=pass " in judged, judged


@pytest.mark.parametrize("service", ["submissions", "submission"])
def test_a_message_of_the_login(
    server: Server, other: Server, outsider: Outsider, service: str
) -> None:
    box, word = server.mailbox(), token()
    mail = letter(word, sender=box.login, to=other.mailbox().login)
    server.send(mail, service=service, login=box.login)
    assert_believed(outsider, other.wait_for_raw(None, word), server, box.domains[0])


def test_a_message_that_was_rewritten(server: Server, other: Server, outsider: Outsider) -> None:
    """For each domain by its own key, and nothing in it tells of the login."""
    box = server.mailbox()
    for domain in box.domains:
        word = token()
        tag = f"[sendas:shop@{domain}]"
        mail = letter(f"{word} {tag}", sender=box.login, to=other.mailbox().login)
        server.send(mail, service="submissions", login=box.login)
        raw = other.wait_for_raw(None, word)
        assert_believed(outsider, raw, server, domain.encode("idna").decode())
        assert box.login.encode() not in raw
        assert parse(raw)["X-Spam-Status"].startswith("No")


def test_a_large_message_of_all_octets(server: Server, other: Server, outsider: Outsider) -> None:
    box, word = server.mailbox(), token()
    body = "".join(f"{number} Grüße, .\n.\n..\nFrom here \n\n" for number in range(20_000))
    mail = letter(word, sender=box.login, to=other.mailbox().login, body=body)
    server.send(mail, service="submissions", login=box.login)
    assert_believed(outsider, other.wait_for_raw(None, word), server, box.domains[0])


def test_a_bounce(server: Server, other: Server, outsider: Outsider) -> None:
    box, word = server.mailbox(), token()
    mail = letter(word, sender=box.login, to=f"nobody@{other.hostname}")
    server.send(mail, service="submissions", login=box.login)
    raw = wait_until("bounce", lambda: bounce_of(server, word))
    signatures = outsider.signatures(raw)
    assert {each.algorithm for each in signatures} == ALGORITHMS
    assert all(each.right and each.domain == server.hostname for each in signatures), signatures


def bounce_of(server: Server, word: str) -> bytes | None:
    folder = f"/var/vmail/{server.mailbox().login}/Maildir/new"
    found = server.run("grep", "-rlF", word, folder, check=False).stdout.split()
    return next(
        (raw for raw in map(server.read, found) if b"Undelivered Mail" in raw),
        None,
    )


def test_what_a_program_of_the_host_sends(
    server: Server, other: Server, outsider: Outsider, zones: Zones
) -> None:
    word = token()
    sender = f"root@{server.hostname}"
    mail = letter(word, sender=sender, to=other.mailbox().login)
    words = ["sendmail", "-f", sender, other.mailbox().login]
    # The policy of its domain holds for it, but whose a host is Rspamd knows of no .test.
    own_policy = with_line('_dmarc.mx TXT "v=DMARC1; p=none"')
    with zones.changed(server.mailbox().domains[0], own_policy):
        server.run(*words, stdin=mail.as_string())
        assert_believed(outsider, other.wait_for_raw(None, word), server, server.hostname)


def test_a_program_of_the_host_may_write_as_somebody_else(
    server: Server, outsider: Outsider
) -> None:
    to, word = server.mailbox().login, token()
    mail = letter(word, sender="alarm@hostile.test", to=to)
    server.run("sendmail", "-f", "alarm@hostile.test", to, stdin=mail.as_string())
    assert outsider.signatures(server.wait_for_raw(None, word)) == []


def test_what_comes_in_is_never_signed(server: Server, outsider: Outsider) -> None:
    """Whatever it claims to be."""
    word = token()
    own = server.mailbox().login
    assert outsider.post(server, letter(word, sender=own, to=own), sender=own) == "250"
    raw = server.wait_for_raw(None, word)
    assert outsider.signatures(raw) == []
    assert parse(raw)["X-Spam"] == "Yes"


def test_the_keys_are_for_root_and_rspamd(server: Server) -> None:
    folder = "/var/lib/mailpopbox-dkim"
    listing = server.run(
        "find", folder, "-not", "-name", "*.pub", "-printf", "%M %u:%g %P\n"
    ).stdout
    for line in listing.splitlines():
        mode, owner, _ = line.split(" ", 2)
        assert mode.endswith(("r-x", "---")) if mode.startswith("d") else mode == "-rw-r-----", line
        assert owner == "root:_rspamd", line
    for user in ("mailpopbox", "postfix", "nobody"):
        words = ["runuser", "-u", user, "--", "sh", "-c", f"cat {folder}/*/*.key {folder}/*/*.seed"]
        assert server.run(*words, check=False).stdout == ""
        # Who may write there could put another folder in its place.
        above = ["runuser", "-u", user, "--", "test", "-w", "/var/lib"]
        assert server.run(*above, check=False).returncode == 1
