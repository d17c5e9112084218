"""What the administrator is written, and how it gets to Postfix."""

import logging
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default

from mailpopbox.programs import run

log = logging.getLogger(__name__)

_SECONDS = 60
# A Subject on one line: folded, it would begin with a space.
_POLICY = default.clone(max_line_length=900)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to the administrator."""

    subject: str
    text: str


def post(letter: Letter) -> bool:
    """Hand a letter to Postfix; what fails is tried again the next time."""
    message = EmailMessage(_POLICY)
    message["From"] = message["To"] = "root"
    message["Subject"] = letter.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    ended = run(["sendmail", "-i", "-t"], _SECONDS, given=message.as_string())
    if not ended.well:
        log.error("no letter: %s", " ".join(ended.said.split()))
    return ended.well
