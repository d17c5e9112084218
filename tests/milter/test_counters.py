"""What monitoring programs read."""

import time
from pathlib import Path

from mailpopbox.counters import Counters


def test_the_text_of_new_ones() -> None:
    assert Counters().text() == (
        "# HELP mailpopbox_messages_total Messages by what became of them\n"
        "# TYPE mailpopbox_messages_total counter\n"
        'mailpopbox_messages_total{outcome="passed"} 0\n'
        'mailpopbox_messages_total{outcome="rewritten"} 0\n'
        'mailpopbox_messages_total{outcome="refused"} 0\n'
        'mailpopbox_messages_total{outcome="error"} 0\n'
        "# HELP mailpopbox_refused_total Refused messages by the rule that refused them\n"
        "# TYPE mailpopbox_refused_total counter\n"
        "# HELP mailpopbox_recipients_refused_total Recipients that were refused as unknown\n"
        "# TYPE mailpopbox_recipients_refused_total counter\n"
        "mailpopbox_recipients_refused_total 0\n"
        "# HELP mailpopbox_seconds_total Time spent on messages\n"
        "# TYPE mailpopbox_seconds_total counter\n"
        "mailpopbox_seconds_total 0.000000\n"
    )


def test_counting() -> None:
    counters = Counters()
    counters.count("refused", 13, 0.25)
    counters.count("refused", 4, 0.5)
    counters.count("refused", 13, 0)
    counters.count("passed", None, 1)
    counters.count_recipient(0.125)
    said = counters.text()
    assert 'outcome="refused"} 3\n' in said
    assert 'outcome="passed"} 1\n' in said
    assert 'total{rule="4"} 1\nmailpopbox_refused_total{rule="13"} 2\n' in said
    assert "mailpopbox_recipients_refused_total 1\n" in said
    assert "mailpopbox_seconds_total 1.875000\n" in said


def wait_for(path: Path, text: str) -> None:
    deadline = time.monotonic() + 5
    while not (path.exists() and path.read_text() == text):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "counters.prom"
    counters = Counters()
    stop = counters.keep_in(path, seconds=0.01)
    wait_for(path, counters.text())
    # What has not changed is not written again.
    path.unlink()
    time.sleep(0.05)
    assert not path.exists()
    counters.count("passed", None, 1)
    wait_for(path, counters.text())
    stop.set()
