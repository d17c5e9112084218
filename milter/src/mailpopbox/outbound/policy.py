"""What Postfix is answered, in the words of socketmap_table(5)."""

from collections.abc import Callable
from enum import Enum, auto

# Postfix then does as always: DANE where it is published, otherwise TLS if it is offered.
_NOTHING = "NOTFOUND "
# Only to hosts that prove themselves by DANE.
_DANE = "OK dane-only"


class Dane(Enum):
    """Whether the servers that take a domain's mail publish by DANE how they prove themselves."""

    PUBLISHED = auto()
    ABSENT = auto()
    UNKNOWN = auto()


def answer(question: str, policy_of: Callable[[str], str], dane_of: Callable[[str], Dane]) -> str:
    """Answer a question: a name of ours, and where mail goes to.

    What cannot be found out makes mail wait. Nothing goes out with less than the domain asks for.
    """
    destination = question.partition(" ")[2]
    if not _is_domain(destination):
        return _NOTHING
    policy = policy_of(destination)
    if not policy.startswith("OK "):
        return policy
    dane = dane_of(destination)
    if dane is Dane.UNKNOWN:
        return f"TEMP DNS does not say whether {destination} has DANE"
    return _DANE if dane is Dane.PUBLISHED else policy


def _is_domain(destination: str) -> bool:
    """Tell domains from hosts that the administrator chose ([host], host:port) and from parents.

    Policies are published for domains; Postfix asks for what is above a domain, too (.example.com).
    """
    return not destination.startswith((".", "[")) and ":" not in destination
