# The part of publicsuffix2 that organisations.py and its tests use; it has no types of its own.

from collections.abc import Iterable

class PublicSuffixList:
    def __init__(self, psl_file: Iterable[str] | None = None) -> None: ...
    def get_tld(self, domain: str) -> str | None: ...
