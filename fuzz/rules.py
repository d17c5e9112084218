"""Guided by coverage, look for a message that the rules let leak, change twice, or break on.

`make fuzz SECONDS=60` runs this. What it finds becomes a case in tests/milter.
"""

import re
import sys

import atheris

with atheris.instrument_imports(include=["mailpopbox"]):
    from judging import LOGIN, ask_exactly, wire
    from mailpopbox.addresses import mailboxes, rendered
    from mailpopbox.words import shown, unfold

_LOGIN = re.compile(rf"(?<![a-z0-9._+~-]){re.escape(LOGIN)}(?![a-z0-9-]|\.[a-z0-9])", re.IGNORECASE)
_SENDERS = (LOGIN, f"Jane <{LOGIN}>", "shop@example.com", "me@gmail.example")


def submit(data: bytes) -> None:
    """Make a message of the octets: which From, Subject, To, another, that From."""
    chosen = data[0] if data else 0
    values = [wire(part) for part in data[1:].replace(b"\n", b"\n ").split(b"\0", 3)]
    subject, to, other, sender, *_ = [*values, "", "", "", ""]
    pairs = (
        ("From", _SENDERS[chosen] if chosen < len(_SENDERS) else sender),
        ("Subject", subject),
        ("To", to),
        ("X-Any", other),
    )
    answer = ask_exactly(pairs)
    if answer.decision.refusal:
        check(answer.refusal.isascii() and answer.refusal.isprintable(), answer.refusal)
        return
    if answer.decision.address and answer.decision.address.lower() != LOGIN:
        for name, value in answer.pairs:
            for reading in (value, unfold(value), shown(value).text):
                check(not _LOGIN.search(reading), f"{name}: {value!r} leaks")
    again = ask_exactly(answer.pairs, answer.sender)
    check(again.decision.changes == () and not again.refusal, f"{pairs} changes twice")
    boxes = mailboxes(answer["From"])
    check(mailboxes(rendered(boxes)) == boxes, f"{boxes} are read otherwise than written")


def check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 (what it is for)
    if not holds:
        raise AssertionError(otherwise)


if __name__ == "__main__":
    atheris.Setup(sys.argv, submit)
    atheris.Fuzz()
