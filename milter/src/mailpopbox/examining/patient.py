"""The server that the doctor looks at, and what a check is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mailpopbox.config import Config
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dns.facts import Facts
from mailpopbox.dns.host import addresses_for
from mailpopbox.doctor.finding import Finding
from mailpopbox.doctor.settings import Settings
from mailpopbox.examining.selfmail import PassingLogin


@dataclass(frozen=True, slots=True)
class Patient:
    """The server that is looked at."""

    config: Config
    settings: Settings
    facts: Facts
    # Whose mail servers are tried on port 25; "": nobody's.
    outside: str
    now: int
    # Where the keys of DKIM lie.
    shelf: Shelf
    # As whom it is sent to; whoever has it examined closes it.
    login: PassingLogin = field(default_factory=PassingLogin)

    @property
    def hostname(self) -> str:
        return self.facts.hostname

    @property
    def ports(self) -> tuple[int, ...]:
        more = {110: self.facts.pop3_starttls, 443: self.settings.web}
        return (25, 465, 587, 995, *(port for port, is_open in more.items() if is_open))

    @property
    def addresses(self) -> tuple[str, ...]:
        return addresses_for(self.facts)


Findings = Iterable[Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, what it looks at, and how."""

    name: str
    about: str
    examine: Callable[[Patient], Findings]
