"""How it is told what becomes of zones, and what is left to do."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailpopbox.commands.screen import BOLD, DIM, GREEN, RED, YELLOW, Cell, Column, Screen
from mailpopbox.dns.judging import THERE, Question, Values
from mailpopbox.dns.zones import address_of, relative
from merging import ADD, CHANGE, LEFT, Merged, retired
from wanted import Wanted

_COLUMNS = (Column(""), Column("NAME"), Column("TYPE"), Column("VALUE", narrowest=24))
_STYLES = {ADD: GREEN, CHANGE: YELLOW, LEFT: RED}


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of a zone, and what stands in it."""

    zone: str
    merged: Sequence[Merged]
    existing: Mapping[Question, Values]
    # What others are not told, since the provider puts itself before it.
    hidden: Collection[Question] = ()


def show(decided: Decided, provider: str, screen: Screen) -> None:
    """Print what becomes of a zone, but for what stays as it is."""
    screen.line(f"{decided.zone} at {provider}", BOLD)
    found = [row for each in decided.merged if each.state != THERE for row in _rows(each, decided)]
    if found:
        screen.table(_COLUMNS, found)
    there = sum(len(each.records) for each in decided.merged if each.state == THERE)
    if there:
        screen.line(f"{there} {'records are' if there > 1 else 'record is'} there already.")
    screen.line()


def _rows(merged: Merged, decided: Decided) -> Iterator[list[Cell]]:
    name, form = merged.question
    state = Cell(merged.state, _STYLES[merged.state])
    missing = [record.value for record in merged.records if record.value] or ["none"]
    new = [value for value in merged.after if value not in merged.before]
    for value in missing if merged.state == LEFT else new:
        yield [state, Cell(relative(name, decided.zone)), Cell(form), Cell(value)]
    for value in merged.before:
        if merged.state == LEFT:
            yield _beside("there", value)
        else:
            yield _beside("stays", value, DIM) if value in merged.after else _beside("was", value)
    if merged.why:
        yield _beside("", f"({merged.why})", DIM)


def _beside(word: str, value: str, style: str = "") -> list[Cell]:
    return [Cell(""), Cell(""), Cell(word, style), Cell(value, style)]


def notes(every: Wanted, zones: Sequence[Decided]) -> Iterator[str]:
    """Yield what else there is to do, by hand."""
    yield from every.notes
    for each in zones:
        yield from every.clashes.get(each.zone, ())
        for name in retired(each.zone, every.zones[each.zone], each.existing):
            yield (
                f"{name}: has the form of this server's keys, and none of them is this."
                " If it is an old one, and nothing is signed with it any more, remove the record."
            )
        for merged in each.merged:
            name, form = merged.question
            if merged.records[0].kind == "address" and merged.question in each.hidden:
                yield (
                    f"{name} {form}: the provider puts itself before it (a proxy for the web), and"
                    " mail does not pass there. Switch that off for this record."
                )
    for record in every.reverse:
        yield (
            f"{address_of(record.name)}: its reverse DNS is set where you rent the host,"
            f" to {record.value}"
        )


def advice(merged: Sequence[Merged]) -> Iterator[str]:
    """Say how ours take the place of what is in the way."""
    ours = ["/".join(each.question) for each in merged if each.state == LEFT and each.replaceable]
    if ours:
        yield (
            "What is left is not clearly of these mail servers. To have it replaced all the same:"
            f' make dns-apply REPLACE="{" ".join(dict.fromkeys(ours))}"'
        )


def verdict(merged: Sequence[Merged]) -> str:
    """Sum it up; empty if all is there."""
    states = Counter(each.state for each in merged)
    words = ((ADD, "to add"), (CHANGE, "to change"), (LEFT, "left as it is"))
    return ", ".join(f"{states[state]} {said}" for state, said in words if states[state])
