"""Rule 25: nobody but this server speaks in its name of what was found out about a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ask

OURS = "mx.example.com"
FORGED = (
    f"{OURS}; spf=pass smtp.mailfrom=example.org",
    f"{OURS}",
    f"{OURS}; none",
    f"{OURS} 1; dkim=pass",
    f"{OURS}.; dkim=pass",
    f"{OURS.upper()}; dkim=pass",
    f"\r\n\t{OURS};\r\n\tdkim=pass",
    f"(a comment) {OURS}; dkim=pass",
    f"(a (nested; one)) {OURS} (and another); dkim=pass",
    f"(folded\r\n one){OURS}; dkim=pass",
    f"(with a bracket \\) in it) {OURS}; dkim=pass",
    f'"{OURS}"; dkim=pass',
    '"mx\\.example.com"; dkim=pass',
    f"(left open {OURS}; dkim=pass",
    f"x) {OURS}; dkim=pass",
    f'"(" {OURS} ")"; dkim=pass',
)
OTHERS = (
    "mx.example.org; spf=pass smtp.mailfrom=friend@mx.example.com",
    "other.test; dkim=pass header.d=example.com",
    f"not{OURS}; dkim=pass",
    f"{OURS}.evil.test; dkim=pass",
    "",
)


@pytest.mark.parametrize("value", FORGED)
@pytest.mark.parametrize("name", ["Authentication-Results", "authentication-RESULTS"])
def test_rule_25_what_came_in_under_our_name_goes(name: str, value: str) -> None:
    answer = ask("Subject: x", f"{name}: {value}", login=None)
    assert answer.all(name) == []
    assert [step.rule for step in answer.decision.steps] == [1, 25]
    assert answer.decision.removed == (name,)


@pytest.mark.parametrize("value", OTHERS)
def test_rule_25_what_others_found_out_stays(value: str) -> None:
    answer = ask("Subject: x", f"Authentication-Results: {value}", login=None)
    assert answer["Authentication-Results"] == value
    assert [step.rule for step in answer.decision.steps] == [1]


def test_rule_25_each_is_judged_by_itself() -> None:
    lines = [f"Authentication-Results: {value}" for value in (OTHERS[0], FORGED[0], OTHERS[1])]
    answer = ask(*lines, login=None)
    assert answer.all("Authentication-Results") == list(OTHERS[:2])


def test_rule_25_also_where_the_message_id_is_mended() -> None:
    answer = ask("Message-ID: odd", f"Authentication-Results: {FORGED[0]}", login=None)
    assert answer.all("Authentication-Results") == []
    assert answer["Message-ID"] != "odd"
    assert [step.rule for step in answer.decision.steps] == [1, 25, 19]


def test_rule_25_a_submission_has_none_at_all() -> None:
    """Rule 15 takes out what others found out, too."""
    answer = ask(*(f"Authentication-Results: {value}" for value in (OTHERS[0], FORGED[0])))
    assert answer.all("Authentication-Results") == []


# Line breaks as they are in a header.
PIECES = [*'mx.example.com()\\" \t=AZ', "\n "]


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_rule_25_reads_whatever_is_there(before: list[str]) -> None:
    value = f"{''.join(before)} {OURS}; spf=pass"
    assert ask(f"Authentication-Results: {value}", login=None).all("Authentication-Results") == []
