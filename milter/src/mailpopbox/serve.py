"""The pymilter shell: it collects a message, asks the rules once, and does what they say.

It fails closed. Whatever goes wrong in here, the answer is 451 and the mail program keeps the
message; nothing leaves that the rules have not seen.
"""

import functools
import logging
import os
import secrets
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

import Milter

from mailpopbox import rules
from mailpopbox.config import Config, Watched
from mailpopbox.counters import Counters
from mailpopbox.gate import refusal_by_doctor, refusal_for
from mailpopbox.ledger import LedgerError
from mailpopbox.ledger.store import Store, ledger_at
from mailpopbox.message import (
    AddHeader,
    Change,
    Decision,
    Refusal,
    RemoveHeader,
    SetHeader,
    SetSender,
    Transaction,
    in_safe_order,
)
from mailpopbox.passage import canonical, passage_of
from mailpopbox.systemd import fields, notify_ready

log = logging.getLogger(__name__)

# All that the rules may ask for. Postfix refuses anything else.
_ACTIONS = Milter.ADDHDRS | Milter.CHGHDRS | Milter.CHGFROM

_TROUBLE = Refusal(451, "4.3.0", "The mail server has a problem of its own; please try again later")


@dataclass(slots=True)
class _Collected:
    """What has arrived of the message at hand."""

    sender: str
    login: str | None
    recipients: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)


def _collecting(callback: Callable[..., None]) -> Callable[..., int]:
    """Make a callback one that Postfix does not wait for, and that remembers its failure.

    No answer can be given there any more, so the end of the message gives it.
    """

    @Milter.noreply
    @functools.wraps(callback)
    def guarded(session: "Session", *args: str) -> int:
        try:
            callback(session, *args)
        # Everything: a message that was not collected whole must not pass.
        except Exception as error:  # noqa: BLE001
            session.failure = session.failure or error
        return Milter.CONTINUE

    return guarded


class Session(Milter.Base):
    """One connection from Postfix, which carries any number of messages, one after another."""

    def __init__(self, watched: Watched, counters: Counters) -> None:
        self.config: Config = watched.current()
        self.ledger: Store = ledger_at(self.config.ledger)
        self.counters = counters
        self.message: _Collected | None = None
        self.failure: Exception | None = None

    def negotiate(self, opts: list[int]) -> int:
        """Agree with Postfix on what is sent and what may be changed.

        The callbacks that are not overridden here, `body` among them, are never sent.
        Anything but CONTINUE makes libmilter hang up, which Postfix takes for a failure.
        """
        if super().negotiate(opts) != Milter.CONTINUE or opts[0] & _ACTIONS != _ACTIONS:
            log.error("error=negotiation: the other side is no Postfix, or too old a one")
            return Milter.REJECT
        opts[0] = self._actions = _ACTIONS
        return Milter.CONTINUE

    @_collecting
    def envfrom(self, sender: str, *_parameters: str) -> None:
        self.forget()
        self.message = _Collected(_bare(sender), self.getsymval("{auth_authen}"))

    def envrcpt(self, recipient: str, *_parameters: str) -> int:
        """Let a recipient in, or not."""
        started = time.perf_counter()
        try:
            message, address = self.collected, self.as_postfix_reads(_bare(recipient))
            refusal = refusal_by_doctor(address, message.login, self.config) or refusal_for(
                address, message.sender, self.config, self.ledger, time.time()
            )
            if refusal is None:
                message.recipients.append(address)
                return Milter.CONTINUE
            self.report_recipient(address, started)
            return self.refuse(refusal)
        # Everything: while it is not known whether an address is blocked, its mail waits.
        except Exception as error:  # noqa: BLE001
            self.report_error(error, started)
            return self.refuse(_TROUBLE)

    def as_postfix_reads(self, recipient: str) -> str:
        """Return where mail goes: quotes, routes and percent signs lead to a mailbox, too.

        Postfix tells in lower case, so what it does not read differently keeps its spelling.
        """
        read = self.getsymval("{rcpt_addr}") or recipient
        same = canonical(read).lower() == canonical(recipient).lower()
        return recipient if same else read

    @_collecting
    def header(self, name: str, value: str) -> None:
        self.collected.headers.append((name, value))

    def eom(self) -> int:
        """Judge the message and answer Postfix."""
        started = time.perf_counter()
        try:
            transaction = self.transaction()
            decision = rules.decide(transaction, self.config, self.ledger)
            if not decision.refusal:
                # Before it is accepted: an answer to it must find its alias.
                self.ledger.remember(passage_of(transaction, decision, self.config))
            answer = self.carry_out(decision)
            self.report(decision, started)
        # Everything: an error of ours must never let a message out as it is.
        except Exception as error:  # noqa: BLE001
            self.report_error(error, started)
            answer = self.refuse(_TROUBLE)
        finally:
            self.forget()
        return answer

    def abort(self) -> int:
        """Postfix gave the message up; the connection may go on with another."""
        self.forget()
        return Milter.CONTINUE

    @property
    def collected(self) -> _Collected:
        if self.message is None:
            raise RuntimeError("Postfix sent a part of a message before MAIL FROM")
        return self.message

    @property
    def queue_id(self) -> str | None:
        return self.getsymval("i")

    def forget(self) -> None:
        self.message = None
        self.failure = None

    def transaction(self) -> Transaction:
        if self.failure is not None:
            raise self.failure
        message = self.collected
        return Transaction(
            headers=tuple(message.headers),
            sender=message.sender,
            recipients=tuple(message.recipients),
            login=message.login,
            token=secrets.token_hex(16),
        )

    def carry_out(self, decision: Decision) -> int:
        if decision.refusal:
            return self.refuse(decision.refusal)
        for change in in_safe_order(decision.changes):
            self.change(change)
        return Milter.CONTINUE

    def change(self, change: Change) -> None:
        match change:
            case SetHeader(name, occurrence, value):
                # An empty value would remove the header.
                self.chgheader(name, occurrence, value or " ")
            case RemoveHeader(name, occurrence):
                self.chgheader(name, occurrence, None)
            case AddHeader(name, value):
                self.addheader(name, value)
            case SetSender(address):
                self.chgfrom(f"<{address}>")
            case _:
                assert_never(change)

    def refuse(self, refusal: Refusal) -> int:
        # libmilter takes % for the start of a format.
        self.setreply(str(refusal.code), refusal.enhanced, refusal.text.replace("%", "%%"))
        return Milter.REJECT if refusal.permanent else Milter.TEMPFAIL

    def report(self, decision: Decision, started: float) -> None:
        """Log the one line that every message gets; it holds nothing that the user wrote."""
        numbers = sorted({step.rule for step in decision.steps})
        self.log_line(
            logging.INFO,
            started,
            outcome=decision.outcome,
            alias=decision.address,
            rules=",".join(map(str, numbers)),
            removed=",".join(decision.removed),
        )
        refused_by = numbers[0] if decision.refusal else None
        self.counters.count(decision.outcome, refused_by, time.perf_counter() - started)

    def report_recipient(self, recipient: str, started: float) -> None:
        self.log_line(logging.INFO, started, outcome="kept_out", recipient=recipient)
        self.counters.count_recipient(time.perf_counter() - started)

    def report_error(self, error: Exception, started: float) -> None:
        # The error's text may quote the message, so that is for debugging only.
        kind, place = type(error).__name__, _place(error)
        why = str(error) if isinstance(error, LedgerError) else None
        self.log_line(logging.ERROR, started, outcome="error", error=kind, at=place, why=why)
        log.debug("the error was", exc_info=error)
        self.counters.count("error", None, time.perf_counter() - started)

    def log_line(self, level: int, started: float, **more: object) -> None:
        login = self.message.login if self.message else None
        milliseconds = f"{(time.perf_counter() - started) * 1000:.2f}"
        log.log(level, fields(queue_id=self.queue_id, login=login, **more, ms=milliseconds))


def _bare(address: str) -> str:
    return address.removeprefix("<").removesuffix(">")


def _place(error: Exception) -> str:
    """Name the last line of this package that the error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    package = Path(__file__).parent
    ours = [frame for frame in frames if package in Path(frame.filename).parents]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"


def serve(watched: Watched, counters: Counters) -> None:
    """Serve Postfix until SIGTERM, which libmilter handles: it stops within five seconds."""
    config = watched.current()
    # Postfix's smtpd is in the socket's group and must be able to write to it, nobody else.
    os.umask(0o007)
    # It is opened when it is needed; what the host lacks for it shows now.
    ledger_at(config.ledger)
    _register(watched, counters)
    _listen(config.socket)
    log.info(fields(listening=config.socket))
    # From here on connections wait in the socket's queue, even before main() takes them.
    notify_ready()
    Milter.main()
    log.info("stopped")


def _listen(path: str) -> None:
    Milter.setconn(f"unix:{path}")
    try:
        # True: remove what a killed predecessor left behind.
        Milter.opensocket(True)  # noqa: FBT003 (pymilter takes it by position only)
    except Milter.error as error:
        raise OSError(f"{path}: cannot listen there; see that the folder may be written") from error


def _register(watched: Watched, counters: Counters) -> None:
    """Do what Milter.runmilter does, for the callbacks in use, without starting.

    runmilter opens the socket and serves in one go, which leaves no moment to say "ready" in.
    """
    Milter.factory = functools.partial(Session, watched, counters)
    Milter.set_envfrom_callback(lambda ctx, *params: ctx.getpriv().envfrom_bytes(*params))
    Milter.set_envrcpt_callback(lambda ctx, *params: ctx.getpriv().envrcpt_bytes(*params))
    Milter.set_header_callback(lambda ctx, name, value: ctx.getpriv().header_bytes(name, value))
    Milter.set_eom_callback(lambda ctx: ctx.getpriv().eom())
    Milter.set_abort_callback(lambda ctx: ctx.getpriv().abort())
    Milter.set_close_callback(Milter.close_callback)
    # Should an exception get past the guards, for instance in pymilter's own code.
    Milter.set_exception_policy(Milter.TEMPFAIL)
    Milter.register("mailpopbox", negotiate=Milter.negotiate_callback)
