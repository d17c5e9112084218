"""Which mail a message answers, by the ids in its headers (rule 19)."""

import re
from collections.abc import Iterable, Iterator, Sequence

from mailpopbox.addresses import without_comments
from mailpopbox.headers import Header
from mailpopbox.submission import Submission
from mailpopbox.words import shown, unfold

RULE = 19

# An id in its brackets, which may be folded, and one whose brackets somebody forgot.
_MESSAGE_IDS = re.compile(r"<([^<>]*)>|([^<>\s,;]+)")

# What programs take apart, decode or drop is left out, and what is too long for one line.
_PLAIN = r"[!#-'*+./0-9=?A-Z^_`a-z{|}~-]+"
_ANSWERABLE = re.compile(rf"[ \t]*<(?!.*=\?)(?=.{{3,250}}>){_PLAIN}@({_PLAIN}|\[[\w.:]+\])>[ \t]*")


def answered(submission: Submission) -> list[str]:
    """Return for which addresses the mail came in that this one answers."""
    answered = _addresses_of(submission, message_ids(submission.named("in-reply-to")))
    if answered:
        return answered
    for message_id in reversed(message_ids(submission.named("references"))):
        if found := _addresses_of(submission, [message_id]):
            return found
    return []


def brought_a_tag(submission: Submission) -> bool:
    """Tell whether what this answers came in with a tag in its Subject, written by a stranger."""
    found = [*submission.named("in-reply-to"), *submission.named("references")]
    return bool(_addresses_of(submission, map(with_a_tag, message_ids(found))))


def with_a_tag(message_id: str) -> str:
    """Return under what is kept that a message came in with a tag: no id has a space."""
    return f"tag {message_id}"


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
        # Python's email package makes encoded words of long ids.
        for value in dict.fromkeys((unfold(header.value), shown(header.value).text)):
            # Some programs put parentheses into ids, which makes no comment of what is in them.
            if "(" in value:
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


def is_answerable(found: Sequence[Header]) -> bool:
    """Tell whether a message has one id that every mail program repeats as it stands."""
    return len(found) == 1 and _ANSWERABLE.fullmatch(unfold(found[0].value)) is not None
