"""The report on a day, and the message that takes it to somebody (RFC 8460)."""

import gzip
import json
from email import message_from_string
from email.policy import default

from datagrams import BROKEN, KEPT, NO_POLICY
from mailpopbox.reports.report import Report, message, reports_on
from mailpopbox.reports.session import Session
from mailpopbox.reports.told import sessions_of

[GOOD], [BAD], [OTHER] = sessions_of(KEPT), sessions_of(BROKEN), sessions_of(NO_POLICY)
# 2026-11-27
DAY = 20_784
HOST = "mx.example.com"


def reports(*found: tuple[Session, int]) -> list[Report]:
    return reports_on(found, DAY, HOST)


def test_a_day_is_summed_up_by_domain_and_policy() -> None:
    expired = [{"result-type": "certificate-expired", "receiving-ip": "198.51.100.9"}]
    later = Session(GOOD.domain, GOOD.record, GOOD.policy, expired, failed=True)
    without = sessions_of(NO_POLICY.replace(b"example.org", b"example.net"))[0]
    report, other = reports((GOOD, 7), (OTHER, 3), (BAD, 2), (later, 1), (without, 4))
    assert report.plain() == {
        "organization-name": "mx.example.com",
        "date-range": {
            "start-datetime": "2026-11-27T00:00:00Z",
            "end-datetime": "2026-11-27T23:59:59Z",
        },
        "contact-info": "postmaster@mx.example.com",
        "report-id": "1795737600.example.net@mx.example.com",
        "policies": [
            {
                "policy": {
                    "policy-type": "sts",
                    "policy-string": [
                        "max_age: 86400",
                        "mode: enforce",
                        "mx: mx.example.net",
                        "version: STSv1",
                    ],
                    "policy-domain": "example.net",
                    "mx-host": ["mx.example.net"],
                },
                "summary": {
                    "total-successful-session-count": 7,
                    "total-failure-session-count": 3,
                },
                "failure-details": [
                    {
                        "result-type": "certificate-host-mismatch",
                        "sending-mta-ip": "198.51.100.7",
                        "receiving-mx-hostname": "mx.example.net",
                        "receiving-mx-helo": "mail.example.net",
                        "receiving-ip": "198.51.100.9",
                        "failed-session-count": 2,
                    },
                    {
                        "result-type": "certificate-expired",
                        "receiving-ip": "198.51.100.9",
                        "failed-session-count": 1,
                    },
                ],
            },
            {
                "policy": {"policy-type": "no-policy-found", "policy-domain": "example.net"},
                "summary": {
                    "total-successful-session-count": 4,
                    "total-failure-session-count": 0,
                },
            },
        ],
    }
    assert (other.domain, other.places) == ("example.org", ("mailto:a@example.org",))


def test_it_goes_where_any_record_of_the_day_wants_it() -> None:
    moved = Session(GOOD.domain, "v=TLSRPTv1; rua=mailto:new@example.net", {}, [], failed=False)
    [report] = reports((GOOD, 1), (moved, 1), (BAD, 1))
    assert report.places == (
        "mailto:tls@example.net",
        "https://reports.example.net/tls",
        "mailto:new@example.net",
    )


def test_it_is_the_same_whenever_it_is_made() -> None:
    [one], [other] = reports((GOOD, 1)), reports((GOOD, 1))
    assert one.packed() == other.packed()
    assert one.name == other.name


def test_the_message_is_as_the_standard_has_it() -> None:
    [report] = reports((GOOD, 1), (BAD, 1))
    raw = message(report, "tls@example.net").as_string()
    assert raw.isascii()
    made = message_from_string(raw, policy=default)
    assert (made["From"], made["To"]) == ("postmaster@mx.example.com", "tls@example.net")
    assert made["Subject"] == (
        "Report Domain: example.net Submitter: mx.example.com"
        " Report-ID: <1795737600.example.net@mx.example.com>"
    )
    assert made["TLS-Report-Domain"] == "example.net"
    assert made["TLS-Report-Submitter"] == "mx.example.com"
    assert made["TLS-Required"] == "No"
    assert made["Auto-Submitted"] == "auto-generated"
    assert made.get_content_type() == "multipart/report"
    assert made["Content-Type"].params["report-type"] == "tlsrpt"
    assert not made.defects
    text, attachment = made.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert "This is an aggregate TLS report from mx.example.com" in text.get_content()
    assert attachment.get_content_type() == "application/tlsrpt+gzip"
    name = "mx.example.com!example.net!1795737600!1795823999.json.gz"
    assert attachment.get_filename() == name
    assert json.loads(gzip.decompress(attachment.get_content())) == report.plain()


def test_names_as_long_as_dns_takes_them() -> None:
    long = ".".join(["a" * 60] * 4)
    [report] = reports_on([(Session(long, "", {}, [], failed=False), 1)], DAY, long)
    raw = message(report, f"tls@{long}").as_string()
    assert max(map(len, raw.splitlines())) < 998
    made = message_from_string(raw, policy=default)
    assert f"Report Domain: {long} Submitter: {long} Report-ID: <" in made["Subject"]
    _, attachment = made.iter_parts()
    assert attachment.get_filename() == report.file_name
