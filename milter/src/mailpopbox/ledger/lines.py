"""A ledger as lines of JSON: how a line is written, and what one has to be like."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mailpopbox.ledger.entries import Correspondent, Entry
from mailpopbox.passage import canonical
from mailpopbox.utc import days_of, iso, iso_day, seconds_of

_VERSION = 1
FIRST = json.dumps({"kind": "ledger", "version": _VERSION})

_LONGEST_TEXT = 1_000
# All of these fit into every database, and into every reader of JSON.
_LARGEST_NUMBER = 2**53
_OCTETS_OF_DIGEST = 16

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """What is kept of a mailbox."""

    login: str
    frozen_at: int | None
    signing_key: bytes | None


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message belongs to an address."""

    login: str
    address: str
    digest: bytes
    day: int


Line = MailboxLine | Entry | MessageLine


def written(line: Line) -> str:
    """Write a line, without its end."""
    match line:
        case MailboxLine(login, frozen_at, key):
            values = {"kind": "mailbox", "login": login, "frozen": iso(frozen_at)}
            return json.dumps({**values, "signing_key": key.hex() if key else None})
        case MessageLine(login, address, digest, day):
            values = {"kind": "message", "login": login, "address": address}
            return json.dumps({**values, "digest": digest.hex(), "day": iso_day(day)})
    return json.dumps({"kind": "address", **plain(line)})


def plain(entry: Entry) -> dict[str, object]:
    """Return an address as an object of JSON."""
    return {
        "address": entry.spelled,
        "login": entry.login,
        "first_used": iso(entry.first_used),
        "last_used": iso(entry.last_used),
        "last_sent": iso(entry.last_sent),
        "received": entry.received,
        "sent": entry.sent,
        "first_domain": entry.first_domain,
        "name": entry.display_name,
        "blocked": iso(entry.blocked_at),
        "expires": iso(entry.expires_at),
        "reason": entry.reason,
        "exceptions": list(entry.exceptions),
        "domains": [
            {
                "domain": each.domain,
                "first_used": iso(each.first_used),
                "last_used": iso(each.last_used),
                "received": each.received,
            }
            for each in entry.correspondents
        ],
    }


def check_first(text: str) -> None:
    """Refuse what is not the first line of an export; raises ValueError."""
    fields = _Fields(_mapping(text))
    if fields.get("kind", _text) != "ledger":
        raise ValueError("this is no export of a ledger; its first line says so and is missing")
    version = fields.get("version", _number)
    if version > _VERSION:
        raise ValueError(f"written by a newer mailpopbox (version {version}); update this host")


def read(text: str) -> Line:
    """Read a line; raises ValueError, which says what is wrong with it."""
    fields = _Fields(_mapping(text))
    match fields.get("kind", _text):
        case "mailbox":
            return _mailbox(fields)
        case "address":
            return _entry(fields)
        case "message":
            return _message(fields)
        case kind:
            raise ValueError(f"kind: {kind!r} is none of mailbox, address, message")


def _mapping(text: str) -> dict[str, Any]:
    # RecursionError: thousands of brackets.
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("this is no JSON") from error
    if not isinstance(found, dict):
        raise ValueError("this is no JSON object")  # noqa: TRY004 (the text is wrong, not our code)
    return found


class _Fields:
    """An object of JSON, read key by key."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def get(self, key: str, read: Callable[[Any], _T]) -> _T:
        """Read a value that must be there."""
        if key not in self._values:
            raise ValueError(f"{key}: missing")
        try:
            return read(self._values[key])
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from error

    def optional(self, key: str, read: Callable[[Any], _T]) -> _T | None:
        """Read a value that may be null."""
        return self.get(key, lambda value: None if value is None else read(value))


def _mailbox(fields: _Fields) -> MailboxLine:
    return MailboxLine(
        fields.get("login", _text),
        fields.optional("frozen", _time),
        fields.optional("signing_key", _octets),
    )


def _entry(fields: _Fields) -> Entry:
    spelled = fields.get("address", _address)
    return Entry(
        login=fields.get("login", _text),
        address=spelled.lower(),
        spelled=spelled,
        first_used=fields.optional("first_used", _time),
        last_used=fields.optional("last_used", _time),
        last_sent=fields.optional("last_sent", _time),
        received=fields.get("received", _number),
        sent=fields.get("sent", _number),
        first_domain=fields.get("first_domain", _text),
        display_name=fields.get("name", _text),
        blocked_at=fields.optional("blocked", _time),
        expires_at=fields.optional("expires", _time),
        reason=fields.get("reason", _text),
        exceptions=tuple(map(_text, fields.get("exceptions", _list))),
        correspondents=tuple(map(_correspondent, fields.get("domains", _list))),
    )


def _correspondent(value: object) -> Correspondent:
    if not isinstance(value, dict):
        raise ValueError("domains: not an object")  # noqa: TRY004 (as above)
    fields = _Fields(value)
    return Correspondent(
        fields.get("domain", _text),
        fields.get("first_used", _time),
        fields.get("last_used", _time),
        fields.get("received", _number),
    )


def _message(fields: _Fields) -> MessageLine:
    digest = fields.get("digest", _octets)
    if len(digest) != _OCTETS_OF_DIGEST:
        raise ValueError(f"digest: not {_OCTETS_OF_DIGEST} octets")
    address = fields.get("address", _address)
    return MessageLine(fields.get("login", _text), address, digest, fields.get("day", _day))


# Each reads one value; raises ValueError.


def _text(value: object) -> str:
    # A NUL is no text to PostgreSQL, and half a pair of surrogates to nobody.
    if not isinstance(value, str) or "\0" in value or len(value) > _LONGEST_TEXT:
        raise ValueError("no text that could be kept")
    value.encode()
    return value


def _address(value: object) -> str:
    text = _text(value)
    if "@" not in text or canonical(text) != text:
        raise ValueError("no address")
    return text


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_NUMBER:
        raise ValueError("no number from 0 on")
    return value


def _time(value: object) -> int:
    return _number(seconds_of(_text(value)))


def _day(value: object) -> int:
    return _number(days_of(_text(value)))


def _octets(value: object) -> bytes:
    return bytes.fromhex(_text(value))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004 (as above)
    return value
