"""Running programs, and handing letters to Postfix."""

import logging
import os
import subprocess
from email.message import EmailMessage
from email.policy import default
from typing import NamedTuple

from mailpopbox.letter import Letter

log = logging.getLogger(__name__)

_SECONDS = 60
# A Subject on one line: folded, it would begin with a space.
_POLICY = default.clone(max_line_length=900)


class Ended(NamedTuple):
    """How a program ended, and all that it said."""

    well: bool
    said: str


def run(words: list[str], seconds: float, *, given: str = "") -> Ended:
    try:
        done = subprocess.run(
            words,
            check=False,
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        return Ended(well=False, said=f"{words[0]} did not end within {seconds} seconds")
    except OSError as error:
        return Ended(well=False, said=f"{words[0]}: {error.strerror}")
    # In this order, what went wrong stands last, whenever it was written.
    return Ended(done.returncode == 0, done.stdout + done.stderr)


def post(words: Letter) -> bool:
    """Hand a letter to Postfix; what fails is tried again the next time."""
    message = EmailMessage(_POLICY)
    message["From"] = message["To"] = "root"
    message["Subject"] = words.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words.text)
    ended = run(["sendmail", "-i", "-t"], _SECONDS, given=message.as_string())
    if not ended.well:
        log.error("no letter: %s", " ".join(ended.said.split()))
    return ended.well
