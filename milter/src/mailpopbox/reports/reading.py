"""Notes what Postfix has logged since the last time, where it does not tell of sessions itself."""

import logging
import socket
from collections.abc import Iterable, Sequence

from mailpopbox.found import Unknown
from mailpopbox.journal import Entry, entry
from mailpopbox.programs import run
from mailpopbox.reports.days import Days
from mailpopbox.reports.logged import NAMES, Attempt, Met, attempts_in
from mailpopbox.reports.published import Published
from mailpopbox.reports.session import Plain, Session
from mailpopbox.times import DAY, HOUR

log = logging.getLogger(__name__)

_SECONDS = 300
# From meeting a server to the end of the mail; what began before that is no longer joined.
_LONGEST_DELIVERY = HOUR
# What is older would be reported too late.
_OLDEST = 2 * DAY
_DISCARD = 9


def read_on(days: Days, published: Published, now: float) -> None:
    """Note the sessions that ended after what has been read."""
    begin = min(max(days.read_until(), now - _OLDEST), now)
    # A clock that was ahead once may have left later ones.
    entries = [each for each in logged_since(begin - _LONGEST_DELIVERY) if each.at <= now]
    for at, session in _sessions(
        [each for each in attempts_in(entries) if each.at > begin], published
    ):
        days.note(int(at) // DAY, session)
    # Last: if power fails in between, twice is better than never.
    days.keep_read_until(max((each.at for each in entries), default=begin))


def logged_since(seconds: float) -> list[Entry]:
    """Return what Postfix logged of delivering; OSError if the journal cannot be read."""
    ended = run(
        [
            "journalctl",
            "--quiet",
            "--output=json",
            "--output-fields=SYSLOG_IDENTIFIER,SYSLOG_PID,MESSAGE",
            "--all",
            *(f"--identifier={name}" for name in NAMES),
            f"--since=@{int(seconds)}",
        ],
        _SECONDS,
    )
    if not ended.well:
        raise OSError(ended.why)
    return [found for line in ended.printed.splitlines() if (found := entry(line))]


def _sessions(attempts: Sequence[Attempt], published: Published) -> Iterable[tuple[float, Session]]:
    records = published.records(dict.fromkeys(each.domain for each in attempts))
    servers = published.servers(records)
    counting = [each for each in attempts if each.met.host in servers.get(each.domain, ())]
    judged = dict.fromkeys((each.domain, each.met.host) for each in counting)
    policies = {each: published.policy(*each) for each in judged}
    for each in counting:
        policy = policies[each.domain, each.met.host]
        if isinstance(policy, Unknown):
            log.info(
                "a TLS session with %s for %s is not noted: %s",
                each.met.host,
                each.domain,
                policy.why,
            )
        else:
            yield each.at, session(each, records[each.domain], policy)


def session(attempt: Attempt, record: str, policy: Plain) -> Session:
    """Join what was logged and what is published."""
    failures = [_failure(attempt.met)] if attempt.met.result else []
    return Session(attempt.domain, record, policy, failures, failed=bool(failures))


def _failure(met: Met) -> Plain:
    found = {
        "result-type": met.result,
        "sending-mta-ip": _address_towards(met.address),
        "receiving-mx-hostname": met.host,
        "receiving-ip": met.address,
        "failure-reason-code": met.reason,
    }
    return {name: value for name, value in found.items() if value}


def _address_towards(address: str) -> str:
    """Return from which of its addresses this host writes to another; "" if from none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        try:
            # Nothing is sent: the kernel chooses a way, and with it an address.
            asking.connect((address, _DISCARD))
        except OSError:
            return ""
        own: str = asking.getsockname()[0]
        return own
