"""What each unit of a server takes while nothing happens: run on the servers of a scenario.

PSS counts what processes share once, with the files that are mapped into memory, which the host can
drop whenever it needs the room; `own` is what it cannot drop.
"""

import argparse
import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from container import TOP, say
from figures import table

# Runs on the server.
LOOK = r"""
import json, re
from pathlib import Path

for process in Path("/proc").glob("[0-9]*"):
    try:
        rollup = process.joinpath("smaps_rollup").read_text()
        units = re.findall(r"([^/\n]+\.service)", process.joinpath("cgroup").read_text())
    except OSError:  # it has ended, or is the kernel's
        continue
    sizes = {name: int(size) for name, size in re.findall(r"(?m)^(\w+): +(\d+) kB$", rollup)}
    own = sizes.get("Pss_Anon", 0) + sizes.get("Pss_Shmem", 0) + sizes.get("SwapPss", 0)
    print(json.dumps([units[-1] if units else "others", sizes.get("Pss", 0), own]))
"""
_ALL = "all"


def sums(lines: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Add up what was found of processes, in kB, by unit and in all; the largest first, in MiB."""
    pss: Counter[str] = Counter()
    own: Counter[str] = Counter()
    for unit, *sizes in map(json.loads, lines):
        for name in (unit, _ALL):
            pss[name] += sizes[0]
            own[name] += sizes[1]
    return {unit: (size / 1024, own[unit] / 1024) for unit, size in pss.most_common()}


def rows(server: str, found: dict[str, tuple[float, float]]) -> Iterator[list[str]]:
    for unit, sizes in found.items():
        yield [server, unit, *(f"{size:.0f}" for size in sizes)]


def look(container: str) -> list[str]:
    enter = [str(TOP / "containers" / "enter"), container, "python3", "-"]
    done = subprocess.run(enter, input=LOOK, capture_output=True, text=True, check=True)
    printed: str = done.stdout
    return printed.splitlines()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rest", type=int, default=60, help="seconds before (default: %(default)s)"
    )
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")
    arguments = parser.parse_args()
    say(f"letting {', '.join(arguments.containers)} rest for {arguments.rest} seconds")
    time.sleep(arguments.rest)
    found = [row for server in arguments.containers for row in rows(server, sums(look(server)))]
    print(table(["server", "unit", "PSS", "own"], found))


if __name__ == "__main__":
    main()
