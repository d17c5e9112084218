"""`milter`, `rewrite`, `check-config`, `tls-policies`: what serves Postfix, and a look at it."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailpopbox.commands.command import DONE, NO, Command, add_config
from mailpopbox.config import Watched, load
from mailpopbox.counters import Counters
from mailpopbox.ledger import Ledger, NothingKnown
from mailpopbox.ledger.opening import is_there, to_change
from mailpopbox.ledger.store import Store
from mailpopbox.oneshot import rewritten
from mailpopbox.outbound.policy import Dane
from mailpopbox.outbound.server import Server, answers
from mailpopbox.systemd import log_to_stderr, notify_ready


def _milter_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--counters", type=Path, metavar="FILE", help="where to keep counters for monitoring"
    )


def _milter(arguments: argparse.Namespace) -> int:
    watched = Watched(arguments.config)
    log_to_stderr(watched.current().log_level)
    # Here, because only mail servers have libmilter, and the other commands do without.
    from mailpopbox.serve import serve  # noqa: PLC0415

    counters = Counters()
    if arguments.counters:
        counters.keep_in(arguments.counters)
    serve(watched, counters)
    return DONE


def _rewrite_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--login", required=True, metavar="LOGIN", help="who submits the message")
    parser.add_argument(
        "--sender", metavar="ADDRESS", help="the envelope's sender (default: the login)"
    )
    parser.add_argument(
        "--explain", action="store_true", help="say on stderr, rule by rule, what was decided"
    )
    parser.add_argument(
        "message", type=Path, nargs="?", metavar="FILE", help="the message (default: stdin)"
    )


def _rewrite(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    raw = arguments.message.read_bytes() if arguments.message else sys.stdin.buffer.read()
    sender = arguments.login if arguments.sender is None else arguments.sender
    with _ledger_at(config.ledger, explain=arguments.explain) as ledger:
        rewriting = rewritten(raw, arguments.login, sender, config, ledger)
    if arguments.explain:
        for step in rewriting.decision.steps:
            sys.stderr.write(f"rule {step.rule:>2}  {step.text}\n")
    if refusal := rewriting.decision.refusal:
        sys.stderr.write(f"{refusal.code} {refusal.enhanced} {refusal.text}\n")
        return NO
    sys.stdout.buffer.write(rewriting.message)
    return DONE


@contextmanager
def _ledger_at(place: str, *, explain: bool) -> Iterator[Ledger]:
    """Give the ledger that the server asks, to agree with it; a missing one is not made."""
    if not is_there(place):
        if explain:
            sys.stderr.write(f"ledger   {place} is not there: nothing is known of earlier mail.\n")
        yield NothingKnown()
        return
    with to_change(place) as database:
        yield Store(database)


def _check_config_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="FILE", help="the configuration to check")


def _check_config(arguments: argparse.Namespace) -> int:
    load(arguments.config)
    sys.stdout.write(f"{arguments.config}: fine\n")
    return DONE


def _tls_policies_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--resolver", metavar="ADDRESS", help="who checks DNSSEC on this host (default: no DANE)"
    )
    parser.add_argument(
        "policies", type=Path, metavar="FROM", help="the socket of postfix-mta-sts-resolver"
    )
    parser.add_argument("socket", type=Path, metavar="SOCKET", help="where Postfix asks")


def _tls_policies(arguments: argparse.Namespace) -> int:
    with Server(arguments.socket, answers(arguments.policies, _dane(arguments.resolver))) as server:
        notify_ready()
        server.serve_forever()
    return DONE


def _dane(resolver: str | None) -> Callable[[str], Dane]:
    if not resolver:
        return lambda _domain: Dane.ABSENT
    # Here, because the other commands do without python3-dnspython.
    from mailpopbox.outbound.dane import Resolver  # noqa: PLC0415

    return Resolver(resolver).dane_of


COMMANDS = (
    Command(
        "milter",
        "serve Postfix (systemd runs this; it needs Debian's python3-milter)",
        _milter_arguments,
        _milter,
    ),
    Command(
        "rewrite",
        "show what would leave of a submitted message; exit 1 if it would be refused",
        _rewrite_arguments,
        _rewrite,
    ),
    Command(
        "check-config",
        "check a configuration and say all that is wrong with it; exit 0 if nothing, else 2",
        _check_config_arguments,
        _check_config,
    ),
    Command(
        "tls-policies",
        "tell Postfix over which TLS mail has to leave (systemd runs this)",
        _tls_policies_arguments,
        _tls_policies,
    ),
)
