"""What Postfix tells of a TLS session.

From 3.10 on it hands libtlsrpt's datagrams to a socket: JSON with short names and numbers, which
get the names of a report here. What a report does not take, such as all that a server said to EHLO,
is left out.
"""

import json
from collections.abc import Mapping
from typing import Any

from mailpopbox.config import wrong_domain
from mailpopbox.reports.session import Plain, Session

_POLICY_TYPES = {1: "tlsa", 2: "sts", 9: "no-policy-found"}
_UNSPECIFIC = "validation-failure"
_RESULT_TYPES = {
    201: "starttls-not-supported",
    202: "certificate-host-mismatch",
    203: "certificate-not-trusted",
    204: "certificate-expired",
    205: _UNSPECIFIC,
    301: "sts-policy-fetch-error",
    302: "sts-policy-invalid",
    303: "sts-webpki-invalid",
    304: "tlsa-invalid",
    305: "dnssec-invalid",
    306: "dane-required",
}
_DETAILS = {
    "s": "sending-mta-ip",
    "n": "receiving-mx-hostname",
    "h": "receiving-mx-helo",
    "r": "receiving-ip",
    "a": "additional-information",
    "f": "failure-reason-code",
}


def sessions_of(datagram: bytes) -> list[Session]:
    """Read a datagram, which may judge a session by several policies; ValueError if it is none."""
    try:
        told = json.loads(datagram)
        domain, record = told["d"].lower(), _text(told["pr"])
        if wrong_domain(domain):
            raise ValueError("no domain")
        return [_session(domain, record, each) for each in told["policies"]]
    # Whatever is not there, is something else, or is nested without end.
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not understood") from error


def _session(domain: str, record: str, told: Mapping[str, Any]) -> Session:
    policy: Plain = {"policy-type": _POLICY_TYPES[told["policy-type"]]}
    # DNS has records in another order each time, and the policy stays the same.
    if strings := told.get("policy-string"):
        policy["policy-string"] = sorted(map(_text, strings))
    policy["policy-domain"] = _text(told.get("policy-domain", domain))
    if hosts := told.get("mx-host"):
        policy["mx-host"] = sorted(map(_text, hosts))
    failures = [_failure(each) for each in told.get("failure-details", ())]
    return Session(domain, record, policy, failures, failed=bool(told["f"]))


def _failure(told: Mapping[str, Any]) -> Plain:
    found = {name: _text(told[key]) for key, name in _DETAILS.items() if key in told}
    if "receiving-mx-helo" in found:
        found["receiving-mx-helo"] = _name_in(found["receiving-mx-helo"])
    return {"result-type": _RESULT_TYPES.get(told["c"], _UNSPECIFIC)} | found


def _name_in(answer: str) -> str:
    """Return what a server called itself when it answered EHLO: `250-mx.example.net ...`."""
    words = answer[len("250-") :].split()
    return words[0] if words else ""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
