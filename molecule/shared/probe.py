"""What the behaviour tests see of a mail server, as mail programs and other servers meet it.

Everything here ends by itself: connections and waits all have a time limit.
"""

import json
import poplib
import smtplib
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import yaml
from inside import NETWORK_SECONDS, TOP, Host, wait_until
from messages import parse
from wire import Wire

TLS_FROM_THE_START = ("https", "submissions", "imaps", "pop3s")
DEFAULTS = TOP / "roles/mailpopbox/defaults/main.yml"


class _NamedContext(ssl.SSLContext):
    """TLS that expects the server's own name, though its port is published on 127.0.0.1."""

    server_name: str

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        kwargs["server_hostname"] = self.server_name
        return super().wrap_socket(sock, *args, **kwargs)


def tls(server_name: str, ca: Path | None) -> ssl.SSLContext:
    """Verify by the given CA's certificate, or take any certificate when there is none."""
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = server_name
    if ca:
        context.load_verify_locations(ca)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Mailbox:
    """One mailbox of the contract."""

    login: str
    domains: tuple[str, ...]
    addresses: tuple[str, ...]
    password: str

    @property
    def auth_plain(self) -> str:
        """Login and password as AUTH PLAIN wants them."""
        return b64encode(f"\0{self.login}\0{self.password}".encode()).decode()


@dataclass(frozen=True)
class Server(Host):
    """A mail server, and what one does with it."""

    @property
    def hostname(self) -> str:
        """The name it has on the network."""
        return str(self.variables["mailpopbox_hostname"])

    @property
    def mailboxes(self) -> list[Mailbox]:
        """The mailboxes of the contract, with their passwords."""
        return [
            Mailbox(
                login=entry["login"],
                domains=tuple(entry.get("domains", ())),
                addresses=tuple(entry.get("addresses", ())),
                password=entry.get("password") or self._secret(entry["login"]),
            )
            for entry in self.variables["mailpopbox_mailboxes"]
        ]

    def setting(self, name: str) -> Any:
        """Return a setting of the contract by its short name, or its default."""
        key = f"mailpopbox_{name}"
        return self.variables.get(key, yaml.safe_load(DEFAULTS.read_text())[key])

    @property
    def secrets(self) -> Path:
        """Where passwords made on the first run are kept."""
        folder = self.variables.get("mailpopbox_secrets_dir", "{{ inventory_dir }}/secrets")
        return Path(folder.replace("{{ inventory_dir }}", str(self.inventory.parent)))

    def _secret(self, login: str) -> str:
        return (self.secrets / f"{login}.txt").read_text().strip()

    @property
    def ca(self) -> Path | None:
        """The certificate of the authority behind this server's own; none if self-signed."""
        return (
            self.inventory.parent / "secrets/ca/ca.crt" if self.setting("tls") == "files" else None
        )

    @property
    def admin(self) -> str:
        """The login that gets the host's own mail."""
        return self.setting("admin") or self.mailbox().login

    def mailbox(self, login: str | None = None) -> Mailbox:
        """Return the mailbox of that login, or the first one."""
        return next(box for box in self.mailboxes if login in (None, box.login))

    def smtp(
        self,
        service: str = "smtp",
        login: str | None = None,
        password: str | None = None,
        *,
        ca: Path | None = None,
        starttls: bool | None = None,
    ) -> smtplib.SMTP:
        """Return a client that has said EHLO and logged in; `with` closes it.

        submissions is TLS at once, submission has STARTTLS, smtp only when asked for.
        """
        context = tls(self.hostname, ca)
        port = self.ports[service]
        client = (
            smtplib.SMTP_SSL(
                "127.0.0.1", port, "client.example.org", timeout=NETWORK_SECONDS, context=context
            )
            if service == "submissions"
            else smtplib.SMTP("127.0.0.1", port, "client.example.org", timeout=NETWORK_SECONDS)
        )
        try:
            if service == "submission" if starttls is None else starttls:
                client.starttls(context=context)
            client.ehlo()
            if login is not None:
                client.login(login, self.mailbox(login).password if password is None else password)
        except BaseException:
            client.close()
            raise
        return client

    @contextmanager
    def pop3(
        self, login: str | None = None, password: str | None = None, *, ca: Path | None = None
    ) -> Iterator[poplib.POP3]:
        """Log in to a mailbox (the first, if none is named) over POP3S; leave by QUIT."""
        login = login or self.mailbox().login
        client = poplib.POP3_SSL(
            "127.0.0.1",
            self.ports["pop3s"],
            timeout=NETWORK_SECONDS,
            context=tls(self.hostname, ca),
        )
        try:
            client.user(login)
            client.pass_(self.mailbox(login).password if password is None else password)
            yield client
            client.quit()
        finally:
            client.close()

    @contextmanager
    def wire(
        self,
        service: str = "smtp",
        *,
        context: ssl.SSLContext | None = None,
        greeted: bool = True,
    ) -> Iterator[Wire]:
        """Connect to talk word by word, past the greeting unless told otherwise."""
        address = ("127.0.0.1", self.ports[service])
        with socket.create_connection(address, timeout=NETWORK_SECONDS) as sock:
            wire = Wire(
                sock,
                context or tls(self.hostname, None),
                encrypted=service in TLS_FROM_THE_START,
            )
            try:
                if greeted:
                    assert wire.answer().startswith(("220", "+OK"))
                yield wire
            finally:
                wire.close()

    def postconf(self, *names: str) -> dict[str, str]:
        """Return parameters of Postfix as they are in force."""
        lines = self.run("postconf", *names).stdout.splitlines()
        pairs = (line.partition("=") for line in lines)
        return {name.strip(): value.strip() for name, _, value in pairs}

    def doveconf(self, *names: str) -> dict[str, str]:
        """Return settings of Dovecot as they are in force."""
        values = self.run("doveconf", "-h", *names).stdout.splitlines()
        return dict(zip(names, values, strict=True))

    def restart_dovecot(self) -> None:
        """End its sessions, and let it forget wrong passwords: each delays the next login."""
        with self.provoking("Killed with signal 15", "anvil-auth-penalty", "Shutting down logging"):
            self.run("systemctl", "restart", "dovecot")

    def kill(self, service: str) -> None:
        """Kill a service, and wait until systemd has it running again."""
        before = self._process_of(service)
        self.run("systemctl", "kill", "--signal=KILL", service)
        wait_until(
            f"new process of {service}",
            lambda: (
                self._process_of(service) not in {before, "0"}
                and self.run("systemctl", "-q", "is-active", service, check=False).returncode == 0
            ),
            timeout=30,
        )

    def _process_of(self, service: str) -> str:
        return self.run(
            "systemctl", "show", "--value", "--property=MainPID", service
        ).stdout.strip()

    def queue(self) -> list[dict[str, Any]]:
        """Return the messages in Postfix's queue."""
        return [json.loads(line) for line in self.run("postqueue", "-j").stdout.splitlines()]

    def try_again(self) -> None:
        """Have Postfix try to deliver what waits; while it reloads, it may not hear of it."""
        self.run("postqueue", "-f")

    def deliver_all(self) -> None:
        """Have Postfix try until nothing waits any more."""

        def is_empty() -> bool:
            self.try_again()
            return not self.queue()

        wait_until("empty queue", is_empty)

    def send(
        self,
        message: EmailMessage | bytes,
        *,
        sender: str | None = None,
        to: str | Sequence[str] | None = None,
        service: str = "smtp",
        login: str | None = None,
    ) -> None:
        """Send a message, by its own From and To unless the envelope is given."""
        raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
        headers = parse(raw)
        if sender is None:
            sender = headers["From"].addresses[0].addr_spec
        if to is None:
            to = [address.addr_spec for address in headers["To"].addresses]
        with self.smtp(service, login) as client:
            refused = client.sendmail(sender, to, raw)
        assert not refused, refused

    def fetch(self, login: str | None = None) -> list[EmailMessage]:
        """Return all messages of a mailbox, oldest first, and leave them there."""
        with self.pop3(login) as client:
            count, _ = client.stat()
            return [parse(_retrieve(client, number)) for number in range(1, count + 1)]

    def letters(self) -> list[str]:
        """Return the subjects of what the host wrote to its administrator, oldest first."""
        time.sleep(1)  # between sendmail and the queue nobody sees it
        wait_until("empty queue", lambda: not self.queue())
        subjects = [str(message["Subject"]) for message in self.fetch(self.admin)]
        return [each for each in subjects if each.startswith(f"{self.hostname}: ")]

    def wait_for_raw(self, login: str | None, subject: str) -> bytes:
        """Return a message with these words in its subject as it came, once it arrives."""
        return wait_until(
            f"message with {subject!r} in its subject on {self.name}",
            lambda: self._find(login, subject),
        )

    def wait_for_message(self, login: str | None, subject: str) -> EmailMessage:
        """Return a message with these words in its subject, once it arrives."""
        return parse(self.wait_for_raw(login, subject))

    def wait_for_copies(self, login: str | None, subject: str, count: int) -> list[EmailMessage]:
        """Return all messages with these words in their subject, once that many have arrived."""
        return wait_until(
            f"{count} messages with {subject!r} in their subject on {self.name}",
            lambda: copies if len(copies := self.copies(login, subject)) >= count else None,
        )

    def copies(self, login: str | None, subject: str) -> list[EmailMessage]:
        """Return the messages with these words in their subject that are there now."""
        with self.pop3(login) as client:
            return [
                parse(_retrieve(client, number))
                for number in _numbers_with_subject(client, subject)
            ]

    def _find(self, login: str | None, subject: str) -> bytes | None:
        with self.pop3(login) as client:
            for number in _numbers_with_subject(client, subject):
                return _retrieve(client, number)
        return None


def _numbers_with_subject(client: poplib.POP3, subject: str) -> Iterator[int]:
    """Look through the headers only, newest first: mailboxes grow from test to test."""
    count, _ = client.stat()
    for number in range(count, 0, -1):
        head = parse(b"\r\n".join(client.top(number, 0)[1]))
        if subject in (head["Subject"] or ""):
            yield number


def _retrieve(client: poplib.POP3, number: int) -> bytes:
    return b"\r\n".join([*client.retr(number)[1], b""])
