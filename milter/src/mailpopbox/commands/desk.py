"""What most commands work with: the configuration, the ledger, the screen, the time."""

import argparse
import os
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

from mailpopbox.commands.screen import Screen
from mailpopbox.config import Config, load
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.entries import Readable
from mailpopbox.ledger.opening import is_there, no_right, to_change, to_read


@dataclass(frozen=True, slots=True)
class Desk:
    """One run of a command."""

    config: Config
    screen: Screen
    now: int
    wants_json: bool

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Desk":
        # It may hold a password, so not everybody may read it.
        if os.access(arguments.config, os.F_OK) and not os.access(arguments.config, os.R_OK):
            raise no_right(arguments.config)
        config = load(arguments.config)
        return cls(config, Screen.of_process(), int(time.time()), arguments.json)

    def to_read(self) -> AbstractContextManager[Readable]:
        """Give the ledger; one that is not there is not made, and nothing is known."""
        self.say_if_no_ledger()
        return to_read(self.config.ledger)

    def to_change(self) -> AbstractContextManager[Database]:
        return to_change(self.config.ledger)

    def say_if_no_ledger(self) -> None:
        if not is_there(self.config.ledger):
            self.screen.note(f"{self.config.ledger} is not there: no mail has come or gone yet.")
