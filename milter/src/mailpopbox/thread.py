"""Which mail a message answers, by the ids in its headers (rule 19)."""

import re
from collections.abc import Iterable, Iterator

from mailpopbox.addresses import without_comments
from mailpopbox.headers import Header
from mailpopbox.submission import Submission
from mailpopbox.words import unfold

# An id in its brackets, which may be folded, and one whose brackets somebody forgot.
_MESSAGE_IDS = re.compile(r"<([^<>]*)>|([^<>\s,;]+)")


def answered(submission: Submission) -> list[str]:
    """Return for which addresses the mail came in that this one answers."""
    answered = _addresses_of(submission, message_ids(submission.named("in-reply-to")))
    if answered:
        return answered
    for message_id in reversed(message_ids(submission.named("references"))):
        if found := _addresses_of(submission, [message_id]):
            return found
    return []


def _addresses_of(submission: Submission, message_ids: Iterable[str]) -> list[str]:
    found = {
        address.lower(): address
        for message_id in message_ids
        for address in submission.ledger.addresses_of(submission.login, message_id)
    }
    return [found[key] for key in sorted(found)]


def message_ids(found: Iterable[Header]) -> list[str]:
    """Return ids in a form that compares exactly on the left and in any case on the right.

    What nobody knows does no harm, and one that is overlooked does: hence this generous reading.
    """
    ids: list[str] = []
    for header in found:
        value = unfold(header.value)
        # Some programs put parentheses into their ids, which makes no comment of what is in them.
        ids += [each for each in _ids_in(value) if "(" in each]
        ids += _ids_in(without_comments(value))
    return ids


def _ids_in(text: str) -> Iterator[str]:
    for quoted, bare in _MESSAGE_IDS.findall(text):
        whole = "".join((quoted or bare).split())
        left, at, right = whole.rpartition("@")
        if at:
            yield f"<{left}@{right.lower()}>"
        # Some programs make such, and are answered all the same; a bare word is just a word.
        elif quoted and whole:
            yield f"<{whole}>"
