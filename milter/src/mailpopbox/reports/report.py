"""The report on a domain and a day, and the message that takes it there. Both are pure."""

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import chain

from mailpopbox.letter import POLICY
from mailpopbox.reports.places import places_in
from mailpopbox.reports.session import Plain, Session
from mailpopbox.times import DAY
from mailpopbox.utc import iso

Counted = tuple[Session, int]
# Postfix knows reports by it, and makes it that of the host where they leave. Nobody else can write
# with it: the domain can never be anybody's (RFC 6761).
SENDER = "tls-reports@reports.invalid"


@dataclass(frozen=True, slots=True)
class Report:
    """What one domain is told of one day."""

    domain: str
    # Days since 1970.
    day: int
    # Who reports.
    hostname: str
    policies: tuple[Plain, ...]
    # Where it goes to.
    places: tuple[str, ...]

    @property
    def sender(self) -> str:
        """Who can be asked about it: the administrator of the host, as in its bounces."""
        return f"postmaster@{self.hostname}"

    @property
    def begin(self) -> int:
        return self.day * DAY

    @property
    def end(self) -> int:
        return self.begin + DAY - 1

    @property
    def name(self) -> str:
        """What it is called.

        It is the same whenever it is made, so who is handed it twice can tell.
        """
        return f"{self.begin}.{self.domain}@{self.hostname}"

    @property
    def file_name(self) -> str:
        return f"{self.hostname}!{self.domain}!{self.begin}!{self.end}.json.gz"

    def plain(self) -> Plain:
        """Return it as RFC 8460 has it (section 4.4)."""
        return {
            "organization-name": self.hostname,
            "date-range": {"start-datetime": iso(self.begin), "end-datetime": iso(self.end)},
            "contact-info": self.sender,
            "report-id": self.name,
            "policies": list(self.policies),
        }

    def packed(self) -> bytes:
        return gzip.compress(json.dumps(self.plain()).encode(), mtime=0)


def reports_on(sessions: Iterable[Counted], day: int, hostname: str) -> list[Report]:
    """Sum up the sessions of a day, domain by domain."""
    by_domain: dict[str, list[Counted]] = defaultdict(list)
    for session, number in sessions:
        by_domain[session.domain].append((session, number))
    return [
        Report(domain, day, hostname, tuple(_policies(found)), _places(found))
        for domain, found in sorted(by_domain.items())
    ]


def _places(found: Sequence[Counted]) -> tuple[str, ...]:
    """Return where all records that the domain had on that day want it to go to."""
    return tuple(dict.fromkeys(chain(*(places_in(session.record) for session, _ in found))))


def _policies(found: Sequence[Counted]) -> Iterator[Plain]:
    by_policy: dict[str, list[Counted]] = defaultdict(list)
    for session, number in found:
        by_policy[json.dumps(session.policy)].append((session, number))
    for policy, those in by_policy.items():
        failures = list(_failures(those))
        yield {
            "policy": json.loads(policy),
            "summary": {
                "total-successful-session-count": _number(those, failed=False),
                "total-failure-session-count": _number(those, failed=True),
            },
        } | ({"failure-details": failures} if failures else {})


def _number(found: Sequence[Counted], *, failed: bool) -> int:
    return sum(number for session, number in found if session.failed == failed)


def _failures(found: Sequence[Counted]) -> Iterator[Plain]:
    numbers: Counter[str] = Counter()
    for session, number in found:
        for failure in session.failures:
            numbers[json.dumps(failure)] += number
    for text, number in numbers.items():
        yield json.loads(text) | {"failed-session-count": number}


def message(report: Report, address: str) -> EmailMessage:
    """Return the message with a report (RFC 8460, section 5.3)."""
    made = EmailMessage(POLICY)
    made["From"] = report.sender
    made["To"] = address
    made["Subject"] = (
        f"Report Domain: {report.domain} Submitter: {report.hostname} Report-ID: <{report.name}>"
    )
    made["TLS-Report-Domain"] = report.domain
    made["TLS-Report-Submitter"] = report.hostname
    # It has to arrive where TLS fails (RFC 8689). Postfix 3.10 then tells nothing of its session.
    made["TLS-Required"] = "No"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(
        f"This is an aggregate TLS report from {report.hostname}, of mail to {report.domain}.\n"
    )
    made.add_attachment(
        report.packed(),
        maintype="application",
        subtype="tlsrpt+gzip",
        filename=report.file_name,
    )
    made.set_type("multipart/report")
    made.set_param("report-type", "tlsrpt")
    return made
