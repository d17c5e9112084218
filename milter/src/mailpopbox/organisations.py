"""Which domains belong to the same owner, by the public suffix list that Debian keeps.

Imported only where it is needed: it takes Debian's python3-publicsuffix2.
"""

import functools

from publicsuffix2 import PublicSuffixList

from mailpopbox.ledger.entries import Entry


def is_leaked(entry: Entry) -> bool:
    """Tell whether others wrote to an address than who was first to."""
    return any(is_foreign(domain, entry) for domain in entry.domains)


def is_foreign(domain: str, entry: Entry) -> bool:
    return organisation(domain) != organisation(entry.first_domain)


@functools.cache
def organisation(domain: str) -> str:
    """Return the part of a domain that somebody registered: mail.shop.example is shop.example."""
    suffix = _suffix(domain)
    registered = domain.removesuffix(suffix).rstrip(".").rpartition(".")[2]
    return f"{registered}.{suffix}" if registered else suffix


def _suffix(domain: str) -> str:
    # Not get_sld: of a domain whose last part is in no list, it returns that part alone.
    return _list().get_tld(domain) or domain


@functools.cache
def _list() -> PublicSuffixList:
    """Read the list, which takes a moment."""
    return PublicSuffixList()
