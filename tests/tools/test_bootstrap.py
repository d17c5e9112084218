"""What a system without apt is told that it lacks: all at once."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from plugins import TOP

COPIED = (
    "tools/bootstrap",
    "containers/env",
    "tests/requirements.txt",
    "tests/requirements-try.txt",
)
NEEDED = ("cat", "cksum", "dirname", "grep", "sed", "stat")
PYTHON = "Python 3.11 or newer with its venv module"


def program(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def bootstrapped(folder: Path, mode: str, user: int, there: str) -> tuple[int, str]:
    """Run a copy of it where nothing is but some programs; return how it ended and complained."""
    for name in COPIED:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(TOP / name, folder / name)
    path = folder / "bin"
    # Whether runc is needed depends on the machine.
    for name in ("runc", *there.split()):
        program(path / name)
    program(path / "id", f"echo {user}")
    for name in NEEDED:
        (path / name).symlink_to(str(shutil.which(name)))
    # Nothing is to be installed from the network.
    program(folder / ".venv/bin/python")
    done = subprocess.run(
        ["/bin/sh", str(folder / "tools/bootstrap"), mode],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("called", "there", "code", "missing"),
    [
        (("test", 1000), "", 1, f"podman, mmdebstrap, man-db, {PYTHON}, uidmap, slirp4netns"),
        (("try", 1000), "", 1, f"podman, mmdebstrap, {PYTHON}, uidmap, slirp4netns"),
        (("try", 0), "", 1, f"podman, mmdebstrap, {PYTHON}"),
        (("try", 1000), "podman newuidmap pasta", 1, f"mmdebstrap, {PYTHON}"),
        (("test", 1000), "python3 mmdebstrap", 1, "podman, man-db, uidmap, slirp4netns"),
        # It may do without.
        (("test", 0), "podman python3", 0, "mmdebstrap, man-db"),
        (("test", 0), "podman python3 man mmdebstrap netavark aardvark-dns", 0, ""),
    ],
)
def test_all_that_is_missing_is_named_at_once(
    tmp_path: Path, called: tuple[str, int], there: str, code: int, missing: str
) -> None:
    ended, complaint = bootstrapped(tmp_path, *called, there)
    # These may be here, in folders that nobody names by PATH.
    found = re.sub(r"(netavark|aardvark-dns), ", "", complaint)
    said = f"missing, by Debian's names: {missing}; install what has it here and try again."
    assert (ended, found) == (code, f"bootstrap: {said}\n" if missing else "")
