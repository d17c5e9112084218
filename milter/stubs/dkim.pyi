# The part of dkimpy that signatures.py uses; it has no types of its own.

from collections.abc import Callable

class DKIMException(Exception): ...  # noqa: N818

class DKIM:
    def __init__(self, message: bytes) -> None: ...
    def verify(self, idx: int = 0, dnsfunc: Callable[..., bytes] = ...) -> bool: ...
