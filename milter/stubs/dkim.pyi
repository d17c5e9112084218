# The part of dkimpy that signatures.py and its tests use; it has no types of its own.

from collections.abc import Callable

class DKIMException(Exception): ...  # noqa: N818

class DKIM:
    def __init__(self, message: bytes) -> None: ...
    def verify(self, idx: int = 0, dnsfunc: Callable[..., bytes] = ...) -> bool: ...

def sign(
    message: bytes, selector: bytes, domain: bytes, privkey: bytes, *, include_headers: list[bytes]
) -> bytes: ...
