# The part of publicsuffix2 that organisations.py uses; it has no types of its own.

class PublicSuffixList:
    def get_tld(self, domain: str) -> str | None: ...
