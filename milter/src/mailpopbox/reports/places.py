"""Where a domain wants its reports: the `rua` of its record (RFC 8460, section 3)."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from mailpopbox.config import wrong_domain

# Whoever publishes a record could have us write to thousands.
_MOST = 5
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_HTTPS = re.compile(r"https://[!-~]+", re.IGNORECASE)


def places_in(record: str) -> tuple[str, ...]:
    """Return the first URIs of a record that can be used."""
    return tuple(dict.fromkeys(_usable(record)))[:_MOST]


def _usable(record: str) -> Iterator[str]:
    for field in record.split(";"):
        name, _, value = field.partition("=")
        if name.strip() == "rua":
            uris = (uri.strip() for uri in value.split(","))
            yield from (uri for uri in uris if _HTTPS.fullmatch(uri) or address_in(uri))


def address_in(uri: str) -> str:
    """Return the address of `mailto:`; "" if there is none that can stand in a header as it is."""
    scheme, _, rest = uri.partition(":")
    address = unquote(rest.partition("?")[0])
    local, _, domain = address.rpartition("@")
    is_one = scheme.lower() == "mailto" and _LOCAL.fullmatch(local) and not wrong_domain(domain)
    return address if is_one else ""
