"""Whoever never types a tag does not show the login by answering."""

from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from inside import Host
from leaving import left, sender_of, somebody
from messages import letter, parse, token
from probe import Server
from remembering import LOGIN, alias, answer, incoming, refusal, submit

MPOP = """\
account default
host {server}
port 995
user {login}
password "{password}"
tls on
tls_starttls off
tls_certcheck off
delivery maildir {folder}/Maildir
uidls_file {folder}/uidls
"""


@dataclass(frozen=True)
class Owner:
    """The owner of the mailbox at another host, with programs in an empty folder."""

    client: Host
    server: Server
    folder: str

    def fetch(self, word: str) -> EmailMessage:
        """Fetch all mail by mpop, and return the message with this word."""
        self.server.wait_for_message(LOGIN, word)
        box = self.server.mailbox(LOGIN)
        folders = [f"{self.folder}/Maildir/{name}" for name in ("cur", "new", "tmp")]
        self.client.run("mkdir", "-p", *folders)
        config = MPOP.format(
            server=self.server.hostname,
            login=box.login,
            password=box.password,
            folder=self.folder,
        )
        self.client.write(f"{self.folder}/config", config)
        self.client.run("mpop", "--file", f"{self.folder}/config")
        name = self.client.run("grep", "-rlF", word, f"{self.folder}/Maildir").stdout.split()[-1]
        return parse(self.client.read(name))

    def answer(self, message: EmailMessage, recipient: str) -> None:
        """Answer by swaks over port 465, as the login."""
        box = self.server.mailbox(LOGIN)
        references = f"{message['References'] or ''} {message['Message-ID']}".strip()
        self.client.run(
            *("swaks", "--server", self.server.hostname, "--port", "465", "--tls-on-connect"),
            *("--auth", "PLAIN", "--auth-user", box.login, "--auth-password", box.password),
            *("--from", box.login, "--to", recipient),
            *("--header", f"Subject: Re: {message['Subject']}"),
            *("--header", f"In-Reply-To: {message['Message-ID']}"),
            *("--header", f"References: {references}"),
        )


@pytest.fixture
def owner(server: Server, client: Host) -> Owner:
    return Owner(client, server, f"/run/owner-{server.name}-{token()}")


def test_a_thread_goes_back_and_forth_as_the_alias(server: Server, owner: Owner) -> None:
    shop, word = alias(), token()
    message = incoming(shop, subject=word)
    for _ in range(3):
        server.send(message)
        friend = somebody()
        owner.answer(owner.fetch(word), friend)
        raw = left(server, friend)
        answered = parse(raw)
        assert (answered["From"], sender_of(raw)) == (shop, shop)
        assert answered["Message-ID"].endswith("@example.com>")
        assert LOGIN not in raw.decode().lower()
        word = token()
        message = incoming(shop, subject=word)
        message["In-Reply-To"] = answered["Message-ID"]
        message["References"] = f"{answered['References']} {answered['Message-ID']}"


@pytest.mark.parametrize("by", ["my own id", "the id that left"])
def test_a_follow_up_to_ones_own_message_keeps_its_alias(server: Server, by: str) -> None:
    shop, friend, other = alias(), somebody(), somebody()
    first = letter(f"[sendas:{shop}] Offer", sender=LOGIN, to=friend)
    submit(server, first, friend)
    gone = parse(left(server, friend))
    assert gone["Message-ID"] != first["Message-ID"]
    follow_up = answer(gone)
    if by == "my own id":
        follow_up.replace_header("In-Reply-To", first["Message-ID"])
    submit(server, follow_up, other)
    assert sender_of(left(server, other)) == shop


def test_an_answer_to_two_aliases_at_once_is_refused(server: Server) -> None:
    one, two = sorted((alias(), alias()))
    message, friend = incoming(one, two), somebody()
    server.send(message)
    said = refusal(server, answer(message), friend)
    local = [address.partition("@")[0] for address in (one, two)]
    assert said == (
        f"550 5.7.1 This reply answers mail that came in for {one} and {two}."
        f" Add [sendas:{local[0]}] or [sendas:{local[1]}] to the Subject."
    )
    tagged = answer(message)
    tagged.replace_header("Subject", f"[sendas:{two}] Re: Hello")
    submit(server, tagged, friend)
    assert sender_of(left(server, friend)) == two


def test_an_answer_to_an_alias_and_the_login_is_refused(server: Server) -> None:
    message = incoming(alias(), LOGIN)
    server.send(message)
    assert refusal(server, answer(message), somebody()).startswith("550 5.7.1 This reply answers")


@pytest.mark.parametrize("host", ["@{}", ""], ids=["with its name", "bare"])
def test_an_answer_to_mail_for_the_host_itself_is_refused(server: Server, host: str) -> None:
    """Anybody may write to its postmaster, and the administrator answers from a login."""
    message, friend = incoming(LOGIN), somebody()
    server.send(message, to=f"postmaster{host.format(server.hostname)}")
    said = refusal(server, answer(message), friend)
    assert said.startswith("550 5.7.1 This reply answers mail for postmaster")
    assert said.endswith(" Add a tag like [sendas:shop] to the Subject.")
    tagged = answer(message)
    tagged.replace_header("Subject", f"[sendas:{(shop := alias())}] Re: Hello")
    submit(server, tagged, friend)
    assert sender_of(left(server, friend)) == shop


@pytest.mark.parametrize("local", ['"two words {}"', "a..{}"])
def test_an_answer_to_an_address_that_none_should_have_is_refused(
    server: Server, local: str
) -> None:
    """The catch-all takes in whatever strangers make up."""
    message, friend = incoming(LOGIN), somebody()
    server.send(message, to=f"{local.format(token())}@example.com")
    said = refusal(server, answer(message), friend)
    assert said.startswith("554 5.6.0 This reply answers mail for ")
    assert said.endswith(
        ", which is not an address to write back to. Add a tag like [sendas:shop] to the Subject."
    )
    tagged = answer(message)
    tagged.replace_header("Subject", f"[sendas:{(shop := alias())}] Re: Hello")
    submit(server, tagged, friend)
    assert sender_of(left(server, friend)) == shop


def test_an_answer_to_the_login_leaves_as_the_login(server: Server) -> None:
    message, friend = incoming(LOGIN), somebody()
    server.send(message)
    submit(server, answer(message), friend)
    assert sender_of(left(server, friend)) == LOGIN


def test_the_last_reference_that_is_known_counts(server: Server) -> None:
    older, newer, friend = incoming(alias()), incoming(shop := alias()), somebody()
    server.send(older)
    server.send(newer)
    references = f"{older['Message-ID']} {newer['Message-ID']} <unknown@somewhere.test>"
    reply = letter("Re: x", sender=LOGIN, to=friend, References=references)
    submit(server, reply, friend)
    assert sender_of(left(server, friend)) == shop


def test_mail_between_two_logins_of_the_host_is_remembered(server: Server) -> None:
    shop, friend = alias(), somebody()
    message = letter("Hello", sender="careful@example.org", to=shop)
    submit(server, message, shop, "careful@example.org")
    submit(server, answer(message), friend)
    # By the id that left it came in; the one before is the other login's affair only.
    assert sender_of(left(server, friend)) == shop


def test_an_alias_at_an_international_domain(server: Server) -> None:
    local, friend = alias().partition("@")[0], somebody()
    message = incoming(LOGIN)
    message.replace_header("To", f"{local}@example.com")
    with server.wire() as wire:
        wire.say("EHLO client.example.org")
        wire.say("MAIL FROM:<friend@somewhere.test> SMTPUTF8")
        assert wire.say(f"RCPT TO:<{local}@bücher.example>").startswith("250")
        assert wire.say("DATA").startswith("354")
        wire.send(message.as_bytes().replace(b"\n", b"\r\n") + b".\r\n")
        assert wire.answer().startswith("250")
    submit(server, answer(message), friend)
    assert sender_of(left(server, friend)) == f"{local}@xn--bcher-kva.example"
