"""Programs that people use fetch and send, from another host, and check the certificate."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from inside import Host
from messages import letter, token
from probe import Mailbox, Server

SENDER, READER = "alice@example.com", "outside@elsewhere.test"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
USER = "nobody"  # getmail does not deliver as root

GETMAIL = """\
[retriever]
type = SimplePOP3SSLRetriever
server = {server}
port = 995
username = {login}
password = {password}
ca_certs = {authorities}
[destination]
# Version 6.19 trips over a child that ends at once.
type = MDA_external
path = /bin/sh
arguments = ("-c", "sleep 1; cat >>{folder}/mbox")
[options]
delete = false
read_all = true
"""
FETCHMAIL = """\
set no bouncemail
poll {server} protocol pop3 port 995
    user "{login}" password "{password}" ssl sslcertck sslcertfile {authorities}
    keep fetchall mda "cat >>{folder}/mbox"
"""
MPOP = """\
account default
host {server}
port 995
user {login}
password "{password}"
tls on
tls_starttls off
tls_trust_file {authorities}
delivery maildir {folder}/Maildir
keep on
uidls_file {folder}/uidls
"""
MSMTP = """\
account default
host {server}
port {port}
from {login}
auth on
user {login}
password "{password}"
tls on
tls_starttls {starttls}
tls_trust_file {authorities}
"""
FETCHERS = {
    "getmail": (GETMAIL, "getmail --getmaildir {folder} --rcfile {folder}/config"),
    "fetchmail": (
        FETCHMAIL,
        "fetchmail --nodetach --verbose --fetchmailrc {folder}/config --idfile {folder}/ids",
    ),
    "mpop": (MPOP, "mpop --file {folder}/config"),
}
every_fetcher = pytest.mark.parametrize("program", FETCHERS)
every_port = pytest.mark.parametrize("port", [465, 587])


@dataclass(frozen=True)
class Person:
    """Somebody at another host, with programs in an empty folder."""

    client: Host
    mailbox: Mailbox
    folder: str

    def prepare(self, config: str, server: str, port: int = 995) -> None:
        content = config.format(
            server=server,
            port=port,
            starttls="on" if port == 587 else "off",
            login=self.mailbox.login,
            password=self.mailbox.password,
            authorities=AUTHORITIES,
            folder=self.folder,
        )
        folders = " ".join(f"{self.folder}/Maildir/{name}" for name in ("cur", "new", "tmp"))
        self.client.run("sh", "-c", f"rm -rf {self.folder} && mkdir -p {folders}")
        self.client.write(f"{self.folder}/config", content)
        self.client.run("chown", "-R", f"{USER}:", self.folder)

    def call(self, command: str, stdin: str = "") -> int:
        """Run a program and return how it ended."""
        become = ["runuser", "-u", USER, "--", "env", f"HOME={self.folder}", "sh", "-c"]
        done = self.client.run(
            *become, command.format(folder=self.folder), stdin=stdin, check=False
        )
        return done.returncode

    def has(self, word: str) -> bool:
        return self.call(f"grep -rqF {word} {{folder}}/Maildir {{folder}}/mbox") == 0


@pytest.fixture
def folder(server: Server, client: Host) -> Iterator[str]:
    """Return a folder of its own for each server: both are tested at a time."""
    path = f"/run/mail-{server.name}"
    yield path
    client.run("rm", "-rf", path)


@pytest.fixture
def reader(server: Server, client: Host, folder: str) -> Person:
    """Begin with an empty mailbox: these programs fetch all of it."""
    with server.pop3(READER) as pop3:
        for number in range(1, pop3.stat()[0] + 1):
            pop3.dele(number)
    return Person(client, server.mailbox(READER), folder)


@pytest.fixture
def sender(server: Server, client: Host, folder: str) -> Person:
    return Person(client, server.mailbox(SENDER), folder)


def swaks(person: Person, server: str, port: int, word: str) -> int:
    how = "--tls-on-connect" if port == 465 else "--tls"
    command = (
        f"swaks --server {server} --port {port} {how} --tls-verify --tls-ca-path {AUTHORITIES}"
        f" --from {person.mailbox.login} --to friend@example.org"
        f" --auth PLAIN --auth-user {person.mailbox.login}"
        f" --auth-password '{person.mailbox.password}' --header 'Subject: {word}'"
    )
    return person.call(command)


def msmtp(person: Person, server: str, port: int, word: str) -> int:
    person.prepare(MSMTP, server, port)
    mail = letter(word, sender=person.mailbox.login, to="friend@example.org")
    return person.call("msmtp --file {folder}/config friend@example.org", mail.as_string())


@every_port
@pytest.mark.parametrize("program", [swaks, msmtp], ids=["swaks", "msmtp"])
def test_it_sends(server: Server, sender: Person, program: object, port: int) -> None:
    assert callable(program)
    word = token()
    assert program(sender, server.hostname, port, word) == 0
    message = server.wait_for_message(READER, word)
    assert message["From"] == SENDER


@every_port
@pytest.mark.parametrize("program", [swaks, msmtp], ids=["swaks", "msmtp"])
def test_it_sends_to_no_other_name(
    server: Server, sender: Person, program: object, port: int
) -> None:
    """The certificate does not fit the bare address: nothing is sent there."""
    assert callable(program)
    assert program(sender, server.variables["_ip"], port, token()) != 0


@every_fetcher
def test_it_fetches(server: Server, reader: Person, program: str) -> None:
    word = token()
    server.send(letter(word), to=READER)
    server.wait_for_message(READER, word)
    config, command = FETCHERS[program]
    reader.prepare(config, server.hostname)
    assert reader.call(command) == 0
    assert reader.has(word)


@every_fetcher
def test_it_fetches_by_no_other_name(server: Server, reader: Person, program: str) -> None:
    config, command = FETCHERS[program]
    reader.prepare(config, server.variables["_ip"])
    assert reader.call(command) != 0
    assert not reader.has("Subject")
