"""Of what the doctor finds, the administrator is told what changed."""

import pytest
from mailpopbox.doctor.changes import Change, Memory, changed, kept, letter, recalled
from mailpopbox.doctor.finding import Finding, Result, bad, good, unknown, warning

FULL = bad("/", "The disk is full.", "Remove something.")
FILLS = warning("/", "The disk fills up.", "Remove something.")
LATE = unknown("clock", "Nobody tells the time.")
DOWN = bad("rspamd", "Rspamd does not run.", "systemctl start rspamd")


def of(**findings: Finding) -> list[Result]:
    return [Result(check, (finding,)) for check, finding in findings.items()]


WELL = of(disk=good("There is room."), clock=good("It is right."), services=good("They run."))


def run(*looks: list[Result]) -> list[Change]:
    """Look several times, and remember in between."""
    memory, found = Memory(), []
    for look in looks:
        change = changed(recalled(kept(memory)), look)
        memory = change.after
        found.append(change)
    return found


def test_all_is_well_from_the_beginning() -> None:
    assert [change.is_news for change in run(WELL, WELL)] == [False, False]


def test_what_breaks_is_told_once_and_so_is_its_end() -> None:
    broken = of(disk=FULL, clock=good("It is right."), services=good("They run."))
    first, second, third, fourth = run(broken, broken, WELL, WELL)
    assert (first.new, first.over) == ((FULL,), ())
    assert (second.is_news, second.still) == (False, (FULL,))
    assert (third.new, third.over) == ((), ("The disk is full.",))
    assert not fourth.is_news


def test_worse_and_better_are_news_other_numbers_are_not() -> None:
    other = bad("/", "The disk is full: 3 MB are left.", "")
    first, second, third = run(of(disk=FILLS), of(disk=FULL), of(disk=other))
    assert first.new == (FILLS,)
    assert (second.new, second.over) == ((FULL,), ("The disk fills up.",))
    assert not third.is_news


def test_what_is_not_known_is_told_when_it_is_so_twice() -> None:
    first, second, third, fourth = run(of(clock=LATE), of(clock=LATE), of(clock=LATE), WELL)
    assert [change.is_news for change in (first, second, third)] == [False, True, False]
    assert second.new == (LATE,)
    assert fourth.over == ("Nobody tells the time.",)
    assert not any(change.is_news for change in run(of(clock=LATE), WELL, of(clock=LATE)))


def test_what_cannot_be_seen_or_was_not_looked_at_is_not_over() -> None:
    _, blind, skipped, over = run(
        of(services=DOWN), of(services=unknown("", "late")), of(disk=FULL), WELL
    )
    assert not blind.is_news
    assert (skipped.new, skipped.over) == ((FULL,), ())
    assert set(over.over) == {"Rspamd does not run.", "The disk is full."}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"told": [], "doubtful": []}', '{"told": {}, "doubtful": 1}']
)
def test_what_is_not_understood_is_forgotten(text: str) -> None:
    assert recalled(text) == Memory()


def test_letters() -> None:
    broken, worse, mended, over = run(
        of(disk=FULL, services=good("They run.")),
        of(disk=FULL, services=DOWN),
        of(disk=good("There is room."), services=DOWN),
        WELL,
    )
    found = letter(broken, "mx.example.com")
    assert found.subject == "mx.example.com: The disk is full."
    assert found.text == (
        "New:\n\nThe disk is full.\nRemove something.\n\n"
        "On the server, `mailpopbox doctor` tells how it stands now.\n"
    )
    assert letter(worse, "h").subject == "h: Rspamd does not run."
    assert "\n\nStill so:\n\nThe disk is full.\nRemove something.\n\n" in letter(worse, "h").text
    assert letter(mended, "h").subject == "h: something is mended"
    assert letter(mended, "h").text.startswith("Over:\n\nThe disk is full.\n\nStill so:\n\nRspamd")
    assert letter(over, "h").subject == "h: all is well again"
    assert "\n\nAll is well again.\n\n" in letter(over, "h").text
    [several] = run(of(disk=FULL, services=DOWN))
    assert letter(several, "h").subject == "h: 2 things are wrong"
