"""Adding up what processes take."""

import json
import subprocess
import sys

from measure_memory import LOOK, rows, sums


def test_sums() -> None:
    found = sums(
        json.dumps(each)
        for each in (
            ["small.service", 1024, 512],
            ["large.service", 4096, 2048],
            ["small.service", 2048, 1024],
        )
    )
    assert list(found.items()) == [
        ("all", (7.0, 3.5)),
        ("large.service", (4.0, 2.0)),
        ("small.service", (3.0, 1.5)),
    ]
    assert next(rows("server", found)) == ["server", "all", "7", "4"]


def test_what_runs_on_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-"], input=LOOK, capture_output=True, text=True, check=True
    )
    pss, own = sums(done.stdout.splitlines())["all"]
    assert pss >= own > 0
