"""Hands reports to those whom they are for, and remembers whom it could."""

import logging
from collections.abc import Iterator
from http.client import HTTPException
from urllib.request import HTTPRedirectHandler, Request, build_opener

from mailpopbox.letter import hand_over
from mailpopbox.reports.days import Days
from mailpopbox.reports.places import address_in
from mailpopbox.reports.report import SENDER, Report, message, reports_on
from mailpopbox.systemd import fields
from mailpopbox.utc import iso_day

log = logging.getLogger(__name__)

_SECONDS = 30
# First on the day after; then on two more.
_LAST_TRY = 3


def send(days: Days, hostname: str, today: int) -> None:
    """Send the reports of all days that are over, as far as they have not gone."""
    for day in days.noted():
        if day >= today:
            continue
        reports = reports_on(days.sessions(day), day, hostname)
        left = list(_waiting(days, reports))
        if today - day <= _LAST_TRY:
            left = [each for each in left if not _handed_over(days, *each)]
        if left and today - day < _LAST_TRY:
            continue
        for report, place in left:
            log.warning("dropped: %s", _shown(report, place))
        days.forget(day)


def _waiting(days: Days, reports: list[Report]) -> Iterator[tuple[Report, str]]:
    """Yield what has not gone yet; mail first, for which no stranger can make it wait."""
    found = [(report, place) for report in reports for place in report.places]
    for report, place in sorted(found, key=lambda each: not address_in(each[1])):
        if not days.is_marked(report.day, report.domain, place):
            yield report, place


def _handed_over(days: Days, report: Report, place: str) -> bool:
    address = address_in(place)
    why = _mailed(report, address) if address else _posted(report, place)
    if why:
        log.warning("not handed over: %s", _shown(report, place, why=why))
        return False
    days.mark(report.day, report.domain, place)
    log.info("handed over: %s", _shown(report, place))
    return True


def _shown(report: Report, place: str, **more: str) -> str:
    return fields(domain=report.domain, day=iso_day(report.day), to=place, **more)


def _mailed(report: Report, address: str) -> str:
    # Nobody here is to be bothered by a bounce of it.
    return hand_over(message(report, address), "-f", SENDER, "-N", "never")


class _NoRedirects(HTTPRedirectHandler):
    """Goes where the domain has said, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def _posted(report: Report, uri: str) -> str:
    """Post a report over HTTPS, and return why that failed; "" if it did not."""
    words = {"Content-Type": "application/tlsrpt+gzip"}
    try:
        request = Request(uri, report.packed(), words)  # noqa: S310 (https, as places_in saw to)
        with build_opener(_NoRedirects).open(request, timeout=_SECONDS):
            return ""
    # ValueError: strangers write URIs of any kind.
    except (OSError, HTTPException, ValueError) as error:
        return str(error) or type(error).__name__
