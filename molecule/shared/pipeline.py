"""Many messages over one connection, as fast as SMTP lets a client talk."""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probe import Server
from wire import Wire


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message and its envelope; `options` are what MAIL FROM says of it."""

    sender: str
    recipients: Sequence[str]
    message: bytes
    options: Sequence[str] = ()

    @property
    def envelope(self) -> bytes:
        lines = [
            " ".join([f"MAIL FROM:<{self.sender}>", *self.options]),
            *(f"RCPT TO:<{recipient}>" for recipient in self.recipients),
            "DATA",
        ]
        return "".join(f"{line}\r\n" for line in lines).encode()

    @property
    def data(self) -> bytes:
        """The message as it stands on the wire, with its end."""
        lines = re.sub(rb"\r?\n", b"\r\n", self.message.removesuffix(b"\n"))
        return re.sub(rb"(?m)^\.", b"..", lines) + b"\r\n.\r\n"


def answers(
    server: Server, service: str, login: tuple[str, str] | None, parcels: Sequence[Parcel]
) -> list[str]:
    """Send all parcels over one connection and return what the server said to each.

    `login` is a name and its password.
    """
    with server.wire(service) as wire:
        _greet(wire, service, login)
        return list(_pipelined(wire, parcels))


def _greet(wire: Wire, service: str, login: tuple[str, str] | None) -> None:
    assert "PIPELINING" in wire.say("EHLO laptop.example.org")
    if service == "submission":
        wire.start_tls()
        wire.say("EHLO laptop.example.org")
    if login:
        plain = b64encode("\0".join(("", *login)).encode()).decode()
        answer = wire.say(f"AUTH PLAIN {plain}")
        assert answer.startswith("235"), f"{login[0]}: {answer}"


def _pipelined(wire: Wire, parcels: Sequence[Parcel]) -> Iterator[str]:
    """Send each message in one packet with the envelope of the next, as RFC 2920 permits."""
    wire.send(parcels[0].envelope)
    for parcel, following in zip(parcels, [*parcels[1:], None], strict=True):
        for command in parcel.envelope.decode().splitlines():
            answer = wire.answer()
            assert answer[:3] == ("354" if command == "DATA" else "250"), f"{command}: {answer}"
        wire.send(parcel.data + (following.envelope if following else b"QUIT\r\n"))
        yield wire.answer()
    assert wire.answer().startswith("221")
