"""What changed since the doctor last looked, and the letter about it.

Of what could not be found out, nobody is told before it is so twice: a server of others that is
away for a moment is nobody's worry. Nor does it count as mended.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mailpopbox.doctor.finding import GOOD, UNKNOWN, Finding, Result
from mailpopbox.letter import Letter


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered from one look to the next."""

    # What the administrator was told, with what it is about.
    told: dict[str, str] = field(default_factory=dict)
    # What could not be found out the last time, and was not told.
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What is new, and what is over."""

    new: tuple[Finding, ...]
    still: tuple[Finding, ...]
    over: tuple[str, ...]
    after: Memory

    @property
    def is_news(self) -> bool:
        return bool(self.new or self.over)


def recalled(text: str) -> Memory:
    """Read what `kept` wrote; who finds something else begins anew."""
    try:
        found = json.loads(text)
        told = {str(key): str(value) for key, value in found["told"].items()}
        return Memory(told, tuple(map(str, found["doubtful"])))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Memory()


def kept(memory: Memory) -> str:
    return json.dumps({"told": memory.told, "doubtful": memory.doubtful}) + "\n"


def changed(before: Memory, results: Sequence[Result]) -> Change:
    """Hold what was found against what is known."""
    found = dict(_troubles(results))
    blind = {result.check for result in results if any(map(_is_unknown, result.findings))}
    looked = {result.check for result in results}
    doubtful = tuple(
        key
        for key, each in found.items()
        if _is_unknown(each) and key not in before.told and key not in before.doubtful
    )
    known = {key: each for key, each in found.items() if key not in doubtful}
    # What was not looked at, or could not be seen, is as it was.
    kept_on = {
        key: sentence
        for key, sentence in before.told.items()
        if key not in known and (_check_of(key) in blind or _check_of(key) not in looked)
    }
    told = kept_on | {key: each.sentence for key, each in known.items()}
    return Change(
        new=tuple(each for key, each in known.items() if key not in before.told),
        still=tuple(each for key, each in known.items() if key in before.told),
        over=tuple(sentence for key, sentence in before.told.items() if key not in told),
        after=Memory(told, doubtful),
    )


def _troubles(results: Iterable[Result]) -> Iterator[tuple[str, Finding]]:
    for result in results:
        for each in result.findings:
            if each.state != GOOD:
                yield f"{result.check}: {each.state}: {each.about}", each


def _check_of(key: str) -> str:
    return key.partition(":")[0]


def _is_unknown(finding: Finding) -> bool:
    return finding.state == UNKNOWN


def letter(change: Change, hostname: str) -> Letter:
    """Return what the administrator is told."""
    parts = [
        *_part("New:", _told(change.new)),
        *_part("Over:", list(change.over)),
        *_part("Still so:", _told(change.still)),
    ]
    if not change.new and not change.still:
        parts.append("All is well again.")
    parts.append("On the server, `mailpopbox doctor` tells how it stands now.")
    return Letter(f"{hostname}: {_subject(change)}", "\n\n".join(parts) + "\n")


def _subject(change: Change) -> str:
    if len(change.new) == 1:
        return change.new[0].sentence
    if change.new:
        return f"{len(change.new)} things are wrong"
    return "all is well again" if not change.still else "something is mended"


def _part(title: str, paragraphs: Sequence[str]) -> list[str]:
    return [title, *paragraphs] if paragraphs else []


def _told(findings: Iterable[Finding]) -> list[str]:
    return [f"{each.sentence}\n{each.fix}".rstrip() for each in findings]
