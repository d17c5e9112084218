"""What the records follow from: a file that the playbook writes, refused unless it makes sense."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from mailpopbox.config import ConfigError, read, wrong_domain, wrong_path
from mailpopbox.section import section_of

POLICIES = ("none", "quarantine", "reject")
MTA_STS = "/etc/mailpopbox/web/public/mta-sts.txt"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server is called, and what it does for which domains."""

    hostname: str
    # All of their mail arrives here, so their records are ours to say.
    domains: tuple[str, ...] = ()
    # Single addresses of them arrive here; the rest may be somebody else's.
    others: tuple[str, ...] = ()
    # Where others reach the host; none: at the addresses that it has itself.
    addresses: tuple[str, ...] = ()
    ipv6: bool = True
    pop3_starttls: bool = False
    # What others are to do with mail that only claims to come from the domains.
    dmarc: str = "none"
    # Whether mail programs find over HTTPS what they set themselves up by.
    web: bool = False
    # Where the policy that is served over HTTPS is; there may be none.
    mta_sts: str = MTA_STS

    @property
    def names(self) -> tuple[str, ...]:
        """All that mail leaves from."""
        return (self.hostname, *self.domains, *self.others)


def load(path: Path) -> Facts:
    return read(path, parse)


def parse(document: object) -> Facts:
    """Check what a YAML file held; raises ConfigError with all problems."""
    problems: list[str] = []
    top = section_of(document, "", tuple(Facts.__dataclass_fields__), problems)
    if top is None:
        raise ConfigError(problems)
    facts = Facts(
        hostname=top.text("hostname", wrong_domain, "mx.example.com").lower(),
        domains=top.texts("domains", wrong_domain),
        others=top.texts("others", wrong_domain),
        addresses=top.texts("addresses", _wrong_address),
        ipv6=top.switch("ipv6"),
        pop3_starttls=top.switch("pop3_starttls", default=False),
        dmarc=top.choice("dmarc", POLICIES, "none"),
        web=top.switch("web", default=False),
        mta_sts=top.optional("mta_sts", wrong_path, MTA_STS),
    )
    if problems:
        raise ConfigError(problems)
    return facts


def _wrong_address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return "is no IP address; write one like 192.0.2.1 or 2001:db8::1"
    return ""
