"""The health of the server: what was found, what of it is wrong, and how that is told."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailpopbox import renewal
from mailpopbox.commands.screen import GREEN, RED, YELLOW, Cell
from mailpopbox.counting import counted, octets
from mailpopbox.found import Certificate, LedgerState, Queue, Size, Unknown
from mailpopbox.renewal import Renewal
from mailpopbox.times import DAY, ago, clock, left
from mailpopbox.utc import iso

# Whoever renews it has long done so by then: certbot thirty days before, for instance.
_WARNING = 7 * DAY


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that `status` found."""

    services: dict[str, str | Unknown]
    queue: Queue | Unknown
    mailboxes: dict[str, Size | Unknown]
    certificate: Certificate | Unknown
    ledger: LedgerState | Unknown
    # Only where an authority is asked for the certificate.
    renewal: Renewal | None = None


def problems(report: Report, now: int) -> Iterator[str]:
    """Yield what is wrong; what could not be found out is not."""
    for name, state in report.services.items():
        if isinstance(state, str) and state != "active":
            yield f"{name} is {state}; see: journalctl -u {name}"
    yield from _certificate_problems(report.certificate, now)
    yield from renewal.problems(report.renewal, report.certificate, now)
    if isinstance(report.queue, Queue) and report.queue.messages.get("hold"):
        yield "mail is held in the queue; see: postqueue -p"
    if isinstance(report.ledger, Unknown) and report.ledger.is_wrong:
        yield f"the ledger: {report.ledger.why}"


def _certificate_problems(found: Certificate | Unknown, now: int) -> Iterator[str]:
    if isinstance(found, Unknown):
        return
    if found.expires <= now:
        yield "the certificate has expired"
    elif found.expires < now + _WARNING:
        yield f"the certificate expires in {left(found.expires - now)}"


def is_complete(report: Report) -> bool:
    """Tell whether everything could be seen."""
    found = (report.queue, report.certificate, report.ledger)
    parts = (*report.services.values(), *report.mailboxes.values(), *found)
    return not any(isinstance(each, Unknown) for each in parts)


def rows(report: Report, now: int) -> Iterator[tuple[str, Cell]]:
    """Yield what a person reads: a name, and what was found."""
    for name, state in report.services.items():
        yield name, _service(state)
    yield "queue", _queue(report.queue, now)
    for login, size in report.mailboxes.items():
        yield login, _size(size)
    yield "certificate", _certificate(report.certificate, now)
    if report.renewal:
        yield "renewal", _renewal(report.renewal, now)
    yield from _ledger_rows(report.ledger, now)


def _unknown(found: Unknown) -> Cell:
    return Cell(f"unknown: {found.why}", RED if found.is_wrong else YELLOW)


def _service(found: str | Unknown) -> Cell:
    if isinstance(found, Unknown):
        return _unknown(found)
    return Cell(found, GREEN if found == "active" else RED)


def _queue(found: Queue | Unknown, now: int) -> Cell:
    if isinstance(found, Unknown):
        return _unknown(found)
    if not found.messages:
        return Cell("empty")
    counts = ", ".join(f"{number} {name}" for name, number in sorted(found.messages.items()))
    return Cell(f"{counts}; the oldest came {ago(found.oldest, now)}")


def _size(found: Size | Unknown) -> Cell:
    if isinstance(found, Unknown):
        return _unknown(found)
    return Cell(f"{counted(found.messages, 'message')}, {octets(found.octets)}")


def _certificate(found: Certificate | Unknown, now: int) -> Cell:
    if isinstance(found, Unknown):
        return _unknown(found)
    if found.expires <= now:
        return Cell(f"expired on {clock(found.expires)}", RED)
    style = YELLOW if found.expires < now + _WARNING else ""
    kind = ", self-signed" if found.is_self_signed else ""
    return Cell(f"until {clock(found.expires)} ({left(found.expires - now)}){kind}", style)


def _renewal(found: Renewal, now: int) -> Cell:
    if found.why:
        return Cell(f"fails since {clock(found.failing_since or now)}", RED)
    return Cell(f"looked after {ago(found.tried_at, now)}")


def _ledger_rows(found: LedgerState | Unknown, now: int) -> Iterator[tuple[str, Cell]]:
    if isinstance(found, Unknown):
        yield "ledger", _unknown(found)
        return
    totals = found.totals
    yield "last in", Cell(ago(totals.last_received, now))
    yield "last out", Cell(ago(totals.last_sent, now))
    size = "" if found.octets is None else f", {octets(found.octets)}"
    yield (
        "ledger",
        Cell(
            f"{counted(totals.addresses, 'alias', 'aliases')}, {totals.received} in,"
            f" {totals.sent} out, {counted(totals.messages, 'message')} remembered{size}"
        ),
    )
    for login in found.frozen:
        yield "frozen", Cell(login, YELLOW)


def as_json(report: Report, now: int) -> dict[str, object]:
    """Return the report for programs; what is unknown says why."""
    queue, ledger, certificate = report.queue, report.ledger, report.certificate
    found = list(problems(report, now))
    return {
        "well": not found,
        "problems": found,
        "services": {name: _plain(state) for name, state in report.services.items()},
        "queue": _plain(queue)
        if isinstance(queue, Unknown)
        else {"messages": queue.messages, "oldest": iso(queue.oldest)},
        "mailboxes": {
            login: _plain(size)
            if isinstance(size, Unknown)
            else {"messages": size.messages, "octets": size.octets}
            for login, size in report.mailboxes.items()
        },
        "certificate": _plain(certificate)
        if isinstance(certificate, Unknown)
        else {"expires": iso(certificate.expires), "self_signed": certificate.is_self_signed},
        "renewal": report.renewal and _renewal_json(report.renewal),
        "ledger": _plain(ledger) if isinstance(ledger, Unknown) else _ledger_json(ledger),
    }


def _plain(found: object) -> object:
    return {"unknown": found.why} if isinstance(found, Unknown) else found


def _renewal_json(renewal: Renewal) -> dict[str, object]:
    return {
        "tried": iso(renewal.tried_at),
        "why": renewal.why,
        "failing_since": iso(renewal.failing_since),
    }


def _ledger_json(ledger: LedgerState) -> dict[str, object]:
    totals = ledger.totals
    return {
        "place": ledger.place,
        "schema": totals.schema,
        "octets": ledger.octets,
        "addresses": totals.addresses,
        "messages": totals.messages,
        "received": totals.received,
        "sent": totals.sent,
        "last_received": iso(totals.last_received),
        "last_sent": iso(totals.last_sent),
        "frozen": list(ledger.frozen),
    }
