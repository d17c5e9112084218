"""Running programs: in English, and for so long at most."""

import os
import subprocess
from collections.abc import Sequence
from typing import NamedTuple


class Ended(NamedTuple):
    """How a program ended: what it printed, and what it complained of."""

    printed: str
    complaint: str
    # Why it failed, in one line; "" if it did not.
    why: str = ""

    @property
    def well(self) -> bool:
        return not self.why

    @property
    def said(self) -> str:
        """All that it said, and last what went wrong, whenever that was written."""
        return self.printed + self.complaint


def run(words: Sequence[str], seconds: float, *, given: str = "") -> Ended:
    """Run a program; one that hangs, or cannot be run, has failed like any other."""
    program = words[0]
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
        return _not_run(f"{program} did not end within {seconds} seconds")
    except FileNotFoundError:
        return _not_run(f"{program} is not here")
    except OSError as error:
        return _not_run(f"{program}: {error.strerror}")
    if done.returncode == 0:
        return Ended(done.stdout, done.stderr)
    reason = " ".join(done.stderr.split()) or f"exit {done.returncode}"
    return Ended(done.stdout, done.stderr, f"{program}: {reason}")


def _not_run(why: str) -> Ended:
    return Ended("", why, why)
