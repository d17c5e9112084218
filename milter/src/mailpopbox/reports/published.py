"""What a domain publishes: whether it wants reports, its servers, its policy.

Where Postfix only logs its sessions, they are joined with this. Imported only where it is needed:
it takes Debian's python3-dnspython.
"""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from mailpopbox.dns.judging import Trouble, Values, is_of
from mailpopbox.dns.resolving import Asker
from mailpopbox.found import Unknown
from mailpopbox.outbound.dane import Resolver, UnansweredError
from mailpopbox.outbound.server import policy_from
from mailpopbox.reports.session import Plain

log = logging.getLogger(__name__)

_STS = "OK secure "
_MATCH = "match="
# Nobody was asked, no policy was found, or DANE counts over it.
_NO_STS = {"", "NOTFOUND", "OK dane-only"}


class Published:
    """What domains publish, as Postfix finds it: DANE only where DNSSEC is checked."""

    def __init__(self, policies: Path | None, resolver: str | None) -> None:
        self._policies = policies
        self._resolver = Resolver(resolver) if resolver else None
        # The same that Postfix asks.
        self._asker = Asker(resolver or "")

    def records(self, domains: Iterable[str]) -> dict[str, str]:
        """Return the records of the domains that want reports."""
        found: dict[str, str] = {}
        for domain, answer in self._answers(domains, "_smtp._tls.{}", "TXT"):
            wishes = [text for text in answer if is_of("tls-rpt", text)]
            # Of several, none counts (RFC 8460, section 3).
            if len(wishes) == 1:
                found[domain] = wishes[0]
        return found

    def servers(self, domains: Iterable[str]) -> dict[str, set[str]]:
        """Return which servers take the mail of domains: a relay of this host is none of them."""
        return {
            # Without MX, it is its own.
            domain: {value.split()[-1] for value in answer} or {domain}
            for domain, answer in self._answers(domains, "{}", "MX")
        }

    def policy(self, domain: str, host: str) -> Plain | Unknown:
        """Return by which policy a server of a domain is judged."""
        try:
            answer = policy_from(self._policies, domain) if self._policies else ""
            if answer.startswith(_STS):
                return _sts(domain, answer)
            if answer.strip() not in _NO_STS:
                return Unknown(answer)
            bound = self._resolver.tlsa_of(host) if self._resolver else None
        except (OSError, ValueError, UnansweredError) as error:
            return Unknown(str(error) or type(error).__name__)
        if bound is None:
            return {"policy-type": "no-policy-found", "policy-domain": domain}
        return {
            "policy-type": "tlsa",
            "policy-string": sorted(bound.records),
            "policy-domain": bound.name,
        }

    def _answers(
        self, domains: Iterable[str], name: str, kind: str
    ) -> Iterator[tuple[str, Values]]:
        """Yield what DNS says of each domain, if it says anything."""
        questions = {(name.format(domain), kind): domain for domain in domains}
        anybody = self._asker.anybody()
        answers = self._asker.answers([(question, anybody) for question in questions])
        for question, answer in answers.items():
            if isinstance(answer, Trouble):
                log.info("%s is not reported on: %s", questions[question], answer.why)
            else:
                yield questions[question], answer


def _sts(domain: str, answer: str) -> Plain:
    """Return the policy that an answer to Postfix was made of; how long it lasts is not in it."""
    [match] = (word.removeprefix(_MATCH) for word in answer.split() if word.startswith(_MATCH))
    hosts = sorted(f"*{each}" if each.startswith(".") else each for each in match.split(":"))
    return {
        "policy-type": "sts",
        "policy-string": sorted(["version: STSv1", "mode: enforce", *(f"mx: {h}" for h in hosts)]),
        "policy-domain": domain,
        "mx-host": hosts,
    }
