"""A message of the doctor to itself: handed in, fetched and deleted as a mail program does it.

The login is good from this host only, and only for as long as that takes.
"""

import base64
import fcntl
import hashlib
import poplib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from pathlib import Path
from typing import TextIO

from mailpopbox.doctor.trip import message
from mailpopbox.examining.knocking import TROUBLES, pop3, smtp, why

# What Dovecot reads besides the users' passwords.
LOGINS = Path("/etc/dovecot/doctor")
# Dovecot looks once a second whether it has changed.
_SECONDS_TO_NOTICE = 1.2
_SECONDS_UNDERWAY = 12
_SECONDS_BETWEEN_LOOKS = 0.5


class StoppedError(Exception):
    """The messages came no further."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(reason)
        self.where = where


class PassingLogin:
    """A login that lets the doctor in from this host. Once closed, it is not opened again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self._is_closed = False

    @contextmanager
    def for_now(self, login: str) -> Iterator[str]:
        """Let the doctor log in, by a password that nobody keeps."""
        try:
            with LOGINS.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                password = secrets.token_urlsafe(24)
                try:
                    self._open(file, _line(login, password))
                    time.sleep(_SECONDS_TO_NOTICE)
                    yield password
                finally:
                    self._end()
        except PermissionError as error:
            raise OSError("it takes root") from error
        except FileNotFoundError as error:
            raise OSError(f"{LOGINS} is not there; run the playbook") from error
        except BlockingIOError as error:
            raise OSError("another doctor is at work") from error

    def close(self) -> None:
        """Let nobody in any more, even if the thread that opened it never gets to its end."""
        with self._lock:
            self._is_closed = True
        self._end()

    def _open(self, file: TextIO, line: str) -> None:
        with self._lock:
            if self._is_closed:
                raise OSError("the time is over")
            self._file = file
            _write(file.fileno(), line)

    def _end(self) -> None:
        with self._lock:
            if self._file:
                _write(self._file.fileno(), "")
            self._file = None


def _write(handle: int, text: str) -> None:
    """Write in place: the rights of the file stay, and nobody else may make one there."""
    with open(handle, "w", closefd=False) as file:
        file.seek(0)
        file.truncate()
        file.write(text)


def _line(login: str, password: str) -> str:
    """Return a line of Dovecot's passwd-file; nobody guesses the password, so a fast hash does."""
    salt = secrets.token_bytes(16)
    digest = hashlib.sha512(password.encode() + salt).digest() + salt
    return f"{login}:{{SSHA512}}{base64.b64encode(digest).decode()}::::::allow_nets=127.0.0.1\n"


def sent_and_fetched(
    passing: PassingLogin, login: str, senders: Sequence[str]
) -> tuple[float, Mapping[str, bytes]]:
    """Send a message as each address, and return how long they took, and how they came back."""
    tokens = {sender: f"doctor-{secrets.token_hex(12)}" for sender in senders}
    letters = [message(login, sender, token, formatdate()) for sender, token in tokens.items()]
    with passing.for_now(login) as password:
        begin = time.monotonic()
        _hand_in(login, password, letters)
        found = _wait_for(login, password, list(tokens.values()))
    return time.monotonic() - begin, {sender: found[token] for sender, token in tokens.items()}


def _hand_in(login: str, password: str, letters: Sequence[EmailMessage]) -> None:
    try:
        with smtp(465) as client:
            client.login(login, password)
            for each in letters:
                # Should it not arrive, nobody is told: the bounce would go to a user.
                options = ["NOTIFY=NEVER"]
                client.sendmail(login, [login], each.as_bytes(policy=SMTP), rcpt_options=options)
    except TROUBLES as error:
        raise StoppedError("submission", why(error)) from error


def _wait_for(login: str, password: str, tokens: Sequence[str]) -> Mapping[str, bytes]:
    end = time.monotonic() + _SECONDS_UNDERWAY
    found: dict[str, bytes] = {}
    while time.monotonic() < end:
        for raw in _fetched(login, password):
            found |= {token: raw for token in tokens if token.encode() in raw}
        if len(found) == len(tokens):
            return found
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    text = f"{len(tokens) - len(found)} of {len(tokens)} after {_SECONDS_UNDERWAY} seconds"
    raise StoppedError("queue", text)


def _fetched(login: str, password: str) -> list[bytes]:
    """Return what lies in the doctor's mailbox, and leave nothing in it."""
    try:
        with pop3(995) as client:
            client.user(login)
            client.pass_(password)
            number, _ = client.stat()
            raws = [_retrieved(client, each) for each in range(1, number + 1)]
            for each in range(1, number + 1):
                client.dele(each)
            return raws
    except TROUBLES as error:
        raise StoppedError("fetching", why(error)) from error


def _retrieved(client: poplib.POP3, number: int) -> bytes:
    return b"\r\n".join([*client.retr(number)[1], b""])
