"""Verifying DKIM signatures. Imported only where it is needed: it takes Debian's python3-dkim."""

from collections.abc import Callable, Mapping, Sequence
from email import message_from_bytes
from email.policy import default

import dkim

from mailpopbox.dns.judging import Trouble, Values
from mailpopbox.doctor.trip import Signature, key_name, tags_of
from mailpopbox.found import Unknown

# Names of keys go in; what DNS has there comes out.
Ask = Callable[[Sequence[str]], Mapping[str, Values | Trouble]]


def author_of(raw: bytes) -> str:
    """Return the address in From."""
    found = message_from_bytes(raw, policy=default)["From"]
    return found.addresses[0].addr_spec.lower() if found and found.addresses else "nobody"


def signatures(raw: bytes, ask: Ask) -> tuple[Signature, ...]:
    """Return the signatures of a message, as whoever gets it finds them."""
    headers = message_from_bytes(raw, policy=default).get_all("DKIM-Signature", [])
    tags = [tags_of(str(header)) for header in headers]
    keys = ask([key_name(each) for each in tags])
    return tuple(
        Signature(
            each.get("d", ""), each.get("s", ""), each.get("a", ""), _why(raw, at, each, keys)
        )
        for at, each in enumerate(tags)
    )


def _why(
    raw: bytes, number: int, tags: Mapping[str, str], keys: Mapping[str, Values | Trouble]
) -> str | Unknown:
    name = key_name(tags)
    found = keys[name]
    if isinstance(found, Trouble):
        return Unknown(found.why)
    if len(found) != 1:
        return f"DNS has {'several keys' if found else 'no key'} at {name}"
    try:
        right = dkim.DKIM(raw).verify(number, dnsfunc=lambda *_, **__: found[0].encode())
    except dkim.DKIMException as error:
        return str(error)
    return "" if right else f"it does not fit the message and the key at {name}"
