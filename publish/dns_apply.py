"""Set the DNS records that the mail servers need at whoever has the DNS: plan first, then on yes.

What it ends with: 0 all records are there; 1 something is left to do; 2 something to repair first;
3 the provider refuses or does not answer.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from asking import (
    DONE,
    LEFT_TO_DO,
    REFUSED,
    TOP,
    StopError,
    answers,
    chosen,
    question_of,
    the_provider,
)
from mailpopbox.commands.screen import GREEN, YELLOW, Screen
from mailpopbox.dns.judging import Question
from merging import LEFT, Existing, Merged, Terms, merge
from octo import Planned, ProviderError, apply, plan
from telling import advice, notes, show, verdict
from wanted import Wanted, wanted

COPIES = TOP / ".cache" / "dns"


def keep_copy(planned: Planned) -> Path:
    """Write down what stands in a zone before it is changed."""
    COPIES.mkdir(parents=True, exist_ok=True)
    # Another run may do the same in this second.
    name = f"{planned.decided.zone}-{time.strftime('%Y%m%d-%H%M%S')}-"
    with NamedTemporaryFile("w", dir=COPIES, prefix=name, suffix=".zone", delete=False) as copy:
        copy.writelines(f"{line}\n" for line in planned.lines)
    return Path(copy.name)


def agreed(*, yes: bool, provider: str) -> bool:
    if yes:
        return True
    try:
        return input(f"Set this at {provider}? Type yes: ").strip().lower() == "yes"
    except EOFError:
        print()
        return False


def run(asked: argparse.Namespace, screen: Screen) -> int:
    replace = frozenset(map(question_of, asked.replace))
    found = answers(asked.options, tlsa=asked.tlsa)
    provider = the_provider(found)
    every = wanted({host: answer["printed"] for host, answer in found.items()})
    plans, elsewhere = [], []
    for zone in chosen(every, asked.zones):
        try:
            plans.append(planned(every, zone, provider, replace))
        except StopError as stop:
            # Of such a zone, single addresses are ours; somebody else may have it.
            if zone in every.whole or asked.zones:
                raise
            elsewhere.append(f"{stop}. Its records are left to whoever has the zone.")
    decided = [each.decided for each in plans]
    merged = [each for zone in decided for each in zone.merged]
    for each in decided:
        show(each, provider["name"], screen)
    for text in (*notes(every, decided), *elsewhere, *advice(merged)):
        screen.line(text, YELLOW)
    left = any(each.zone in every.clashes for each in decided)
    left |= any(each.state == LEFT for each in merged)
    screen.line(f"{verdict(merged) or 'All records are there'}.", "" if left else GREEN)
    if any(each.plan for each in plans):
        if not agreed(yes=asked.yes, provider=provider["name"]):
            screen.line("Nothing was changed.", YELLOW)
            return LEFT_TO_DO
        for seen in plans:
            if seen.plan:
                # Whoever types yes may have thought for long.
                now = planned(every, seen.decided.zone, provider, replace)
                carry_out(seen, now, provider, screen)
    return LEFT_TO_DO if left else DONE


def planned(
    every: Wanted, zone: str, provider: Mapping[str, Any], replace: frozenset[Question]
) -> Planned:
    def decide(
        existing: Existing, types: Collection[str], misread: Collection[tuple[str, str]]
    ) -> list[Merged]:
        terms = Terms(every.hosts, every.addresses, replace, types, misread)
        return merge(zone, every.zones[zone], existing, terms)

    try:
        return plan(provider, zone, decide)
    except ProviderError as error:
        raise StopError(REFUSED, f"{zone} at {provider['name']}: {error}") from None


def carry_out(seen: Planned, now: Planned, provider: Mapping[str, Any], screen: Screen) -> None:
    """Do what was seen, if it still is what is to be done."""
    zone = now.decided.zone
    if [each.effect for each in seen.decided.merged] != [
        each.effect for each in now.decided.merged
    ]:
        after = "This zone was not changed. Run it again."
        raise StopError(LEFT_TO_DO, f"{zone}: somebody has changed it since you saw it.", after)
    copy = keep_copy(now)
    try:
        apply(provider, now)
    except ProviderError as error:
        after = f"Run it again to see what is there now. What was there before: {copy}"
        raise StopError(REFUSED, f"{zone} at {provider['name']}: {error}", after) from None
    screen.line(f"{zone}: done. What was there before: {copy.relative_to(TOP)}", GREEN)


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/dns-apply", description=__doc__)
    parser.add_argument("zones", nargs="*", metavar="ZONE", help="only these zones")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--tlsa", action="store_true", help="the TLSA record for DANE too, which needs DNSSEC"
    )
    parser.add_argument(
        "--replace",
        type=str.split,
        default=[],
        metavar="NAME/TYPE …",
        help="let ours take the place of what stands there",
    )
    parser.add_argument(
        "--options", type=shlex.split, default=[], help="options for ansible-playbook"
    )
    return parser.parse_args(argv)


def main() -> int:
    screen = Screen.of_process()
    try:
        return run(arguments(sys.argv[1:]), screen)
    except StopError as stop:
        sys.stderr.write(f"{stop}\n{stop.after}\n")
        return stop.code
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return LEFT_TO_DO


if __name__ == "__main__":
    sys.exit(main())
