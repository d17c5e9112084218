"""Lines of the journal."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.journal import Entry, entry

WHOLE: dict[str, Any] = {
    "__REALTIME_TIMESTAMP": "1795838446572862",
    "SYSLOG_IDENTIFIER": "postfix/smtp",
    "SYSLOG_PID": "3173",
    "MESSAGE": "hello",
}
READ = Entry(1795838446.572862, "postfix/smtp", "3173", "hello")


def line(**changes: object) -> str:
    return json.dumps(WHOLE | changes)


def test_a_line() -> None:
    assert entry(line()) == READ


def test_octets_that_are_no_text() -> None:
    found = entry(line(MESSAGE=[104, 0xFF]))
    assert found
    assert found.message == "h\ufffd"


def test_who_has_no_number() -> None:
    without = {key: value for key, value in WHOLE.items() if key != "SYSLOG_PID"}
    assert entry(json.dumps(without)) == Entry(READ.at, READ.name, "", READ.message)


@pytest.mark.parametrize("key", ["__REALTIME_TIMESTAMP", "SYSLOG_IDENTIFIER", "MESSAGE"])
def test_what_is_missing(key: str) -> None:
    assert entry(json.dumps({name: value for name, value in WHOLE.items() if name != key})) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "5",
        "null",
        "[" * 100_000,
        line(MESSAGE=None),
        line(MESSAGE=[300]),
        line(__REALTIME_TIMESTAMP="9" * 400),
    ],
)
def test_what_is_no_entry(text: str) -> None:
    assert entry(text) is None


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), st.none() | st.text() | st.integers()))
def test_nothing_breaks_it(changes: dict[str, object]) -> None:
    found = entry(line(**changes))
    assert found is None or isinstance(found.message, str)
