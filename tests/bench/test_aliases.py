"""What the ledger's benches ask for follows from a number, and is shaped as real mail is."""

from collections import Counter

from aliases import ALIASES, alias_of, day_of, known_alias, new_id, old_id, parts
from mailpopbox.passage import digest


def test_a_number_has_one_alias() -> None:
    assert alias_of(7) == alias_of(7)


def test_most_messages_are_for_few_aliases_and_some_for_new_ones() -> None:
    seen = Counter(alias_of(number) for number in range(10_000))
    new = [alias for alias in seen if alias.startswith("new-")]
    assert 800 < len(new) < 1200
    assert set(seen.values()) > {1}
    assert len(seen) - len(new) == 300


def test_the_busy_aliases_are_in_the_large_ledger() -> None:
    known = {known_alias(number) for number in range(ALIASES)}
    assert len(known) == ALIASES
    assert {alias for alias in map(alias_of, range(1000)) if alias[0] == "a"} <= known


def test_no_two_messages_share_an_id() -> None:
    ids = [name(number) for name in (old_id, new_id) for number in range(1000)]
    assert len({digest(each) for each in ids}) == 2000


def test_old_messages_lie_within_the_days_that_a_ledger_remembers() -> None:
    days = [day_of(number, 20_000) for number in range(1000)]
    assert (min(days), max(days)) == (19_601, 20_000)


def test_parts_make_up_the_whole() -> None:
    assert [*parts(5, 2)] == [range(2), range(2, 4), range(4, 5)]
    assert not [*parts(0, 2)]
