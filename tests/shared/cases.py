"""All messages that the unit tests ask the rules about, collected by running those tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import judging
import pytest
from judging import Answer, MemoryLedger, Question, comparable
from mailpopbox.message import Refusal
from mailpopbox.oneshot import DROPPED, LONGEST_HEADER, as_handed, joined, rewritten, split
from plugins import TOP

_FOLDER = TOP / "tests/milter"
# It asks about thousands of random messages.
RANDOM = _FOLDER / "test_rules_properties.py"
# It asks how long the rules take for huge headers, of which Postfix cuts most off.
_SPEED = _FOLDER / "test_rules_speed.py"
FILES = sorted(set(_FOLDER.glob("test_rule*.py")) - {_SPEED})


@dataclass(slots=True)
class Case:
    """A message that unit tests ask about, the answer that they get, and who they are."""

    question: Question
    answer: Answer
    asked_by: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        more = f" and {len(self.asked_by) - 1} more" if len(self.asked_by) > 1 else ""
        return f"{self.asked_by[0]}{more}"

    @property
    def files(self) -> set[str]:
        """The names of the test files that ask it."""
        return {Path(test.partition("::")[0]).stem for test in self.asked_by}

    @property
    def needs_a_ledger(self) -> bool:
        told = self.question.ledger != MemoryLedger()
        return told and self.answer != replace(self.question, ledger=MemoryLedger()).answer()


class _Listener:
    """A plugin of pytest that notes who asks what."""

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}
        self._test = ""

    def note(self, question: Question, answer: Answer) -> None:
        case = self.cases.setdefault(repr(question), Case(question, answer))
        if self._test not in case.asked_by:
            case.asked_by.append(self._test)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        self._test = item.nodeid
        judging.LISTENERS.append(self.note)
        try:
            yield
        finally:
            judging.LISTENERS.remove(self.note)


def collected(files: Sequence[Path]) -> list[Case]:
    """Run the tests in these files, the random ones from one seed, and return what they ask."""
    listener = _Listener()
    arguments = ["--quiet", "-p", "no:cacheprovider", "--hypothesis-seed=0", *map(str, files)]
    status = pytest.main(arguments, plugins=[listener])
    assert status == pytest.ExitCode.OK
    return list(listener.cases.values())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a message: the refusal, or the headers and the sender that leave."""

    refusal: str
    headers: tuple[tuple[str, str], ...] = ()
    sender: str = ""


def _refused(refusal: Refusal) -> Outcome:
    return Outcome(f"{refusal.code} {refusal.enhanced} {refusal.text}")


def by_the_rules(case: Case) -> Outcome:
    """Return what the unit test was told."""
    if case.answer.decision.refusal:
        return _refused(case.answer.decision.refusal)
    return Outcome("", tuple(comparable(case.answer.pairs)), case.answer.sender)


def by_the_command(question: Question, message: bytes) -> Outcome:
    """Return what `mailpopbox rewrite` says of it; the rules, of mail from outside."""
    if question.login is None:
        handed = replace(question, pairs=as_handed(message)[0]).answer()
        return Outcome("", tuple(comparable(handed.pairs)), handed.sender)
    rewriting = rewritten(message, question.login, question.sender, question.config)
    if rewriting.decision.refusal:
        return _refused(rewriting.decision.refusal)
    return Outcome("", tuple(comparable(split(rewriting.message)[0])), rewriting.sender)


def as_a_file(question: Question, body: str = "\nHello\n") -> bytes:
    return joined(question.pairs, body)


def altered(question: Question) -> str:
    """Say why Postfix hands the milter less than what is asked about; "" if it does not."""
    headers = [joined((pair,), "").removesuffix(b"\n") for pair in question.pairs]
    if any(b"\0" in header for header in headers):
        return "holds a NUL"
    if any(name.lower() in DROPPED for name, _ in question.pairs):
        return "holds a header that Postfix drops"
    if any(len(header) > LONGEST_HEADER for header in headers):
        return "holds a header that Postfix cuts"
    return ""
