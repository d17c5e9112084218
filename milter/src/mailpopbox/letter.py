"""What the administrator is written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to the administrator."""

    subject: str
    text: str
