"""How a TLS session was: what a report takes of it, and how that is kept."""

import json
from dataclasses import asdict, dataclass
from typing import Any

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """How a session with a server of a domain was, by one policy; in the words of a report."""

    domain: str
    # What the domain publishes of where reports go.
    record: str
    policy: Plain
    failures: list[Plain]
    failed: bool


def kept(session: Session) -> str:
    """Write a session on one line: the same for those that were the same."""
    return json.dumps(asdict(session))


def recalled(line: str) -> Session:
    """Read what `kept` wrote; ValueError if that is torn."""
    try:
        return Session(**json.loads(line))
    except TypeError as error:
        raise ValueError("not whole") from error
