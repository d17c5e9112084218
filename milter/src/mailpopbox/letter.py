"""What the administrator is written, and how mail of the host gets to Postfix."""

import logging
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default

from mailpopbox.programs import run

log = logging.getLogger(__name__)

_SECONDS = 60
# A Subject on one line: folded, it would begin with a space.
POLICY = default.clone(max_line_length=900)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to the administrator."""

    subject: str
    text: str


def post(letter: Letter) -> bool:
    """Hand a letter to Postfix; what fails is tried again the next time."""
    message = EmailMessage(POLICY)
    message["From"] = message["To"] = "root"
    message["Subject"] = letter.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    why = hand_over(message)
    if why:
        log.error("no letter: %s", why)
    return not why


def hand_over(message: EmailMessage, *options: str) -> str:
    """Hand a message to Postfix, and return why that failed; "" if it did not."""
    ended = run(["sendmail", "-i", "-t", *options], _SECONDS, given=message.as_string())
    return "" if ended.well else " ".join(ended.said.split()) or ended.why
