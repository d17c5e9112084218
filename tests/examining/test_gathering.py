"""How what systemd, Postfix, openssl and the file system tell is read."""

import json
import os
from pathlib import Path

import pytest
from mailpopbox.examining import gathering
from mailpopbox.examining.gathering import certificate_of, queue_of, service_state, size_of
from mailpopbox.found import Certificate, Queue, Size, Unknown

EXPIRES = 1_799_136_000

ACTIVE, EXITED, DEAD, FAILED = (
    f"ActiveState={state}\nSubState={sub}\n"
    for state, sub in (
        ("active", "running"),
        ("active", "exited"),
        ("inactive", "dead"),
        ("failed", "failed"),
    )
)


@pytest.mark.parametrize(
    ("units", "state"),
    [
        ([ACTIVE, EXITED], "active"),  # Debian 12
        ([DEAD, ACTIVE], "active"),  # Debian 13
        ([DEAD, EXITED], "inactive"),
        ([FAILED, EXITED], "failed"),
        ([DEAD], "inactive"),
        (["ActiveState=activating\nSubState=start"], "activating"),
        ([""], "unknown"),
    ],
)
def test_states_of_units(units: list[str], state: str) -> None:
    assert service_state("\n".join(units)) == state


def test_queues() -> None:
    lines = [
        json.dumps({"queue_name": name, "queue_id": "x", "arrival_time": at, "recipients": []})
        for name, at in (("deferred", 9), ("deferred", 7), ("active", 8))
    ]
    assert queue_of(lines) == Queue({"deferred": 2, "active": 1}, 7)
    assert queue_of([]) == Queue({}, None)


@pytest.mark.parametrize("line", ["x", "[]", "{}", '{"queue_name": "x", "arrival_time": "x"}'])
def test_what_is_no_queue(line: str) -> None:
    assert queue_of([line]) == Unknown("postqueue printed what is no queue")


def test_certificates() -> None:
    date = "notAfter=Jan  5 08:00:00 2027 GMT\n"
    own, others = "subject=CN = a\nissuer=CN = a\n", "subject=\nissuer=CN = b\n"
    assert certificate_of(date + own) == Certificate(EXPIRES, is_self_signed=True)
    assert certificate_of(date + others) == Certificate(EXPIRES)
    assert certificate_of("unable to load") == Unknown("openssl printed no date")


def test_maildirs(tmp_path: Path) -> None:
    assert size_of(tmp_path) == Size(0, 0)
    for name, octets_in_it in (("new/1", 5), ("new/2", 7), ("cur/3", 11), ("tmp/4", 13)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * octets_in_it)
    (tmp_path / "cur/gone").symlink_to("nowhere")
    assert size_of(tmp_path) == Size(4, 23 + len("nowhere"))
    (tmp_path / "file").touch()
    assert size_of(tmp_path / "file") == Unknown(f"{tmp_path}/file: Not a directory")


class Vanishing:
    """A message that is fetched while one looks."""

    def stat(self, *, follow_symlinks: bool) -> os.stat_result:
        raise FileNotFoundError(follow_symlinks)


def test_a_message_that_vanishes() -> None:
    assert gathering._size(Vanishing()) is None  # type: ignore[arg-type]  # noqa: SLF001
