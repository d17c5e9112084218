"""The Subject and the tags in it: rules 3 to 10."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailpopbox import tag as tags
from mailpopbox.headers import Header
from mailpopbox.message import SetHeader
from mailpopbox.submission import Finding, Submission, domain_of, removals, unclear
from mailpopbox.words import as_seen, shown, written

_SUBJECT = "Subject: "


@dataclass(frozen=True, slots=True)
class Subject:
    """A Subject as it is shown, its tags, and what is left without them."""

    header: Header | None
    tags: tuple[tags.Tag, ...]
    left: str


def read(submission: Submission) -> Subject:
    found = submission.named("subject")
    if len(found) > 1:
        raise unclear(3, "The message has several Subject headers. Send it with one.")
    if not found:
        return Subject(None, (), "")
    seen = shown(found[0].value)
    if not seen.whole:
        if "sendas" in as_seen(f"{found[0].value} {seen.text}").lower():
            raise unclear(
                6, "The Subject mentions sendas but can't be decoded. Write it in another charset."
            )
        return Subject(found[0], (), seen.text)
    text = tags.with_plain_brackets(seen.text)
    try:
        written_tags = tuple(tags.find(text))
    except tags.TagError as error:
        raise unclear(
            10,
            f"The tag in the Subject can't be used: {error}."
            f" Write it like [sendas:shop] or [sendas:shop@{domain_of(submission.login)}].",
        ) from None
    return Subject(found[0], written_tags, tags.taken_out(text, written_tags))


def without_tags(submission: Submission, subject: Subject) -> Iterator[Finding]:
    if not subject.tags or not subject.header:
        return
    value = written(subject.left, indent=len(_SUBJECT))
    yield Finding(7, "The tag is taken out of the Subject.", (SetHeader("Subject", 1, value),))
    topics = submission.named("thread-topic")
    if topics:
        yield Finding(7, "Thread-Topic repeats the Subject.", removals(topics))
