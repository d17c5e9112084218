"""Serves answers to Postfix from a thread, over a real socket."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailpopbox.outbound.server import Server


@contextmanager
def serving(path: Path, answer: Callable[[str], str]) -> Iterator[None]:
    with Server(path, answer) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            served.shutdown()
            thread.join()
