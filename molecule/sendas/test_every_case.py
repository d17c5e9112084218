"""Every message that a unit test asks the rules about leaves a real server as the rules say.

The unit tests run here first, to be listened to. The one-shot command is what foretells, so that
all three agree: rules, command, server.
"""

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from cases import FILES, RANDOM, Case, altered, as_a_file, by_the_command, by_the_rules, collected
from changed import is_deployed
from judging import CONFIG
from mailpopbox.oneshot import DROPPED
from probe import Server
from trips import SUBMISSION, Trip, sent

NAMES = [path.stem for path in FILES]

# Why a message stays at home, and how many do.
STAYS: dict[str, tuple[Callable[[Case], bool], int | None]] = {
    # None: it comes next, and then these travel, too.
    "needs a ledger": (lambda case: case.needs_a_ledger, None),
    "nobody logs in as that": (lambda case: case.question.login in {"", "a\r\nb"}, 2),
    "no MAIL FROM names that": (lambda case: case.question.sender == "no address at all", 2),
}


def why_it_stays(case: Case) -> str:
    return next((reason for reason, (holds, _) in STAYS.items() if holds(case)), "")


@cache
def table() -> dict[str, list[Case]]:
    """Return all cases by why they stay at home; those that travel under ""."""
    cases: dict[str, list[Case]] = {}
    for case in collected(FILES):
        cases.setdefault(why_it_stays(case), []).append(case)
    return cases


def ways(server: Server, cases: list[Case]) -> Iterator[tuple[Case, str]]:
    """Choose ports: both for each case, and of the random ones half by each Debian, in turn."""
    turns = itertools.cycle((release, service) for release in (12, 13) for service in SUBMISSION)
    for case in cases:
        if case.question.login is None:
            yield case, "smtp"
        elif case.files == {RANDOM.stem}:
            release, service = next(turns)
            if release == server.release:
                yield case, service
        else:
            yield from ((case, service) for service in SUBMISSION)


@pytest.fixture(scope="module")
def journeys() -> dict[str, list[Trip]]:
    """What was sent to each server already."""
    return {}


@pytest.fixture
def trips(server: Server, journeys: dict[str, list[Trip]]) -> list[Trip]:
    """All cases that can be sent, sent."""
    if server.name not in journeys:
        journeys[server.name] = sent(server, ways(server, table()[""]))
    return journeys[server.name]


def test_the_server_is_that_of_the_unit_tests(server: Server) -> None:
    assert is_deployed(server, CONFIG)
    dropped = server.postconf("message_drop_headers")["message_drop_headers"]
    assert set(dropped.split(", ")) == DROPPED


@pytest.mark.parametrize("name", NAMES)
def test_it_leaves_as_the_rules_say(trips: list[Trip], name: str) -> None:
    mine = [trip for trip in trips if name in trip.case.files]
    complaints = [
        f"{trip.case} on {trip.service}: {complaint[:1000]}\n    of {trip.case.question}"
        for trip in mine
        for complaint in dict.fromkeys(trip.complaints())
    ]
    assert mine
    assert not complaints, "\n".join([f"{len(complaints)} differ:", *complaints[:20]])


@pytest.mark.parametrize("name", NAMES)
def test_the_command_says_what_the_rules_say(name: str) -> None:
    cases = [case for case in table()[""] if name in case.files and not altered(case.question)]
    assert cases
    for case in cases:
        said = by_the_command(case.question, as_a_file(case.question))
        assert said == by_the_rules(case), case


def test_none_stays_that_could_travel(
    server: Server, trips: list[Trip], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{len(trips)} messages of {len(table()[''])} cases were sent to {server.name}"]
    for reason, (_, count) in STAYS.items():
        cases = table().get(reason, [])
        assert count in {None, len(cases)}, "\n".join(map(str, cases))
        lines.append(f"{len(cases)} cases stayed at home, for {reason}")
    lines += [
        f"{count} messages had less in them for the milter: {reason}"
        for reason, count in Counter(altered(trip.case.question) for trip in trips).items()
        if reason
    ]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *lines, ""]))


@pytest.mark.parametrize("service", SUBMISSION)
def test_they_travel_in_all_manners(trips: list[Trip], service: str) -> None:
    """None of what this file is for ceased to occur."""
    mine = [trip for trip in trips if trip.service == service]
    options = Counter(option for trip in mine for option in trip.parcel.options)
    names = Counter(name.lower() for trip in mine for name, _ in trip.case.question.pairs)
    assert options["BODY=8BITMIME"] > 500
    assert service == "submissions" or options["SMTPUTF8"] > 50
    assert names["bcc"] > 5
    assert sum(len(trip.parcel.recipients) > 1 for trip in mine) > 500
    after_a_refusal = [trip for trip in mine if trip.answer_before.startswith("5")]
    assert sum(not trip.refused for trip in after_a_refusal) > 500
