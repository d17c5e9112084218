"""What the milter has done since it started, in a file that monitoring programs read."""

import threading
from collections import Counter
from pathlib import Path

_HELP = {
    "mailpopbox_messages_total": "Messages by what became of them",
    "mailpopbox_refused_total": "Refused messages by the rule that refused them",
    "mailpopbox_recipients_refused_total": "Recipients that were refused as unknown",
    "mailpopbox_seconds_total": "Time spent on messages",
}


class Counters:
    """Counts messages; many threads may do so at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: Counter[str] = Counter(passed=0, rewritten=0, refused=0, error=0)
        self._rules: Counter[int] = Counter()
        self._recipients = 0
        self._seconds = 0.0

    def count(self, outcome: str, refused_by: int | None, seconds: float) -> None:
        with self._lock:
            self._outcomes[outcome] += 1
            self._seconds += seconds
            if refused_by is not None:
                self._rules[refused_by] += 1

    def count_recipient(self, seconds: float) -> None:
        """Count one that was refused."""
        with self._lock:
            self._recipients += 1
            self._seconds += seconds

    def text(self) -> str:
        """Return the counters in the text format of Prometheus."""
        with self._lock:
            samples = {
                "mailpopbox_messages_total": [
                    (f'{{outcome="{name}"}}', f"{count}") for name, count in self._outcomes.items()
                ],
                "mailpopbox_refused_total": [
                    (f'{{rule="{rule}"}}', f"{count}")
                    for rule, count in sorted(self._rules.items())
                ],
                "mailpopbox_recipients_refused_total": [("", f"{self._recipients}")],
                "mailpopbox_seconds_total": [("", f"{self._seconds:.6f}")],
            }
        return "".join(
            f"# HELP {name} {_HELP[name]}\n# TYPE {name} counter\n"
            + "".join(f"{name}{labels} {value}\n" for labels, value in rows)
            for name, rows in samples.items()
        )

    def keep_in(self, path: Path, seconds: float = 5) -> threading.Event:
        """Write the file every few seconds from now on, until the event is set."""
        stop = threading.Event()

        def write() -> None:
            written = None
            while True:
                if (text := self.text()) != written:
                    new = path.with_suffix(".new")
                    new.write_text(text)
                    new.replace(path)
                    written = text
                if stop.wait(seconds):
                    return

        threading.Thread(target=write, name="counters", daemon=True).start()
        return stop
