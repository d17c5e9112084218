"""What is kept of what Postfix tells."""

import json
from typing import Any

import pytest
from datagrams import BROKEN, KEPT, NO_POLICY, RECORD
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.reports.session import Session, kept, recalled
from mailpopbox.reports.told import sessions_of

STS = {
    "policy-type": "sts",
    "policy-string": ["max_age: 86400", "mode: enforce", "mx: mx.example.net", "version: STSv1"],
    "policy-domain": "example.net",
    "mx-host": ["mx.example.net"],
}


def test_a_session_that_kept_to_the_policy() -> None:
    assert sessions_of(KEPT) == [Session("example.net", RECORD, STS, [], failed=False)]


def test_a_session_that_did_not() -> None:
    failure = {
        "result-type": "certificate-host-mismatch",
        "sending-mta-ip": "198.51.100.7",
        "receiving-mx-hostname": "mx.example.net",
        # Of all that the server said, its name.
        "receiving-mx-helo": "mail.example.net",
        "receiving-ip": "198.51.100.9",
    }
    assert sessions_of(BROKEN) == [Session("example.net", RECORD, STS, [failure], failed=True)]


def test_a_session_without_a_policy() -> None:
    [session] = sessions_of(NO_POLICY)
    assert session.policy == {"policy-type": "no-policy-found", "policy-domain": "example.org"}


def told(**changes: object) -> bytes:
    return json.dumps(json.loads(BROKEN) | changes).encode()


def policy(**changes: object) -> bytes:
    whole: dict[str, Any] = json.loads(BROKEN)
    return told(policies=[whole["policies"][0] | changes])


def test_several_policies_are_judged_apart() -> None:
    one, other = json.loads(KEPT)["policies"][0], json.loads(BROKEN)["policies"][0]
    found = sessions_of(told(policies=[one, other | {"policy-type": 1}]))
    assert [(each.policy["policy-type"], each.failed) for each in found] == [
        ("sts", False),
        ("tlsa", True),
    ]


def test_a_policy_is_the_same_in_any_order() -> None:
    orders = [["3 1 1 AB", "3 1 1 CD"], ["3 1 1 CD", "3 1 1 AB"]]
    lines = {kept(sessions_of(policy(**{"policy-string": each}))[0]) for each in orders}
    assert len(lines) == 1


def test_what_is_not_told_is_left_out() -> None:
    [session] = sessions_of(policy(**{"failure-details": [{"c": 999, "h": "250 "}]}))
    assert session.failures == [{"result-type": "validation-failure", "receiving-mx-helo": ""}]


def test_domains_are_the_same_in_any_case() -> None:
    assert sessions_of(told(d="Example.NET"))[0].domain == "example.net"


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"hello",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b"[" * 100_000,
        KEPT[:-1],
        told(d="x"),
        told(d=5),
        told(d='a"b.example'),
        told(pr=None),
        told(policies=5),
        told(policies=[5]),
        policy(**{"policy-type": 7}),
        policy(**{"policy-type": []}),
        policy(**{"policy-string": [5]}),
        policy(**{"policy-domain": 5}),
        policy(**{"mx-host": 5}),
        policy(**{"failure-details": [{}]}),
        policy(**{"failure-details": [{"c": 201, "r": {}}]}),
        policy(**{"failure-details": [{"c": []}]}),
    ],
)
def test_anything_else_is_not_understood(datagram: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        sessions_of(datagram)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_nothing_breaks_it(value: object) -> None:
    for datagram in (told(d=value), told(policies=value), policy(**{"mx-host": value})):
        try:
            found = sessions_of(datagram)
        except ValueError:
            continue
        assert [recalled(kept(each)) for each in found] == found


@pytest.mark.parametrize("line", ["", "{", "5", "{}", '{"domain": "example.net"}'])
def test_a_torn_line_is_told_from_a_whole_one(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        recalled(line)
