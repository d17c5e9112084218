"""What DNS says of the server: its records, its names, its resolver, its keys, the blocklists."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailpopbox.counting import counted, listed
from mailpopbox.dns.judging import DIFFERENT, MISSING, THERE, Answers, Question, Trouble
from mailpopbox.dns.judging import Finding as Standing
from mailpopbox.dns.zones import address_of
from mailpopbox.doctor.finding import Finding, bad, good, or_good, unknown, warning
from mailpopbox.found import Unknown

_WORDS = {
    "address": "address",
    "mx": "MX record",
    "spf": "SPF record",
    "dkim": "DKIM record",
    "dmarc": "DMARC record",
    "mta-sts": "MTA-STS record",
    "tls-rpt": "TLSRPT record",
    "tlsa": "TLSA record",
    "client": "SRV record",
    "web": "web name",
}
# That of the host itself.
RESOLVER = "127.0.0.1"
# Mail comes and goes without them.
_LESS = ("client", "tls-rpt", "web")
_LONGEST = 80


def records(standings: Iterable[Standing], missing_zones: Iterable[str]) -> tuple[Finding, ...]:
    """Judge the records of all zones but the reverse ones."""
    known = [each for each in standings if each.records[0].kind != "reverse"]
    number = sum(len(each.records) for each in known)
    gone = [_no_zone(name) for name in missing_zones]
    return or_good(
        (*gone, *map(_record, filter(_is_amiss, known))), f"All {number} records are there."
    )


def _is_amiss(standing: Standing) -> bool:
    return standing.state != THERE


def _no_zone(name: str) -> Finding:
    return bad(
        name,
        f"There is no domain {name} in DNS: nobody has registered it, or its name servers do not"
        " have it yet.",
        "Register it, or set it up at its name servers; see docs/dns.md.",
    )


def _record(standing: Standing) -> Finding:
    first = standing.records[0]
    record = f"{_WORDS[first.kind]} at {first.name}"
    about = f"{first.name} {first.type}"
    judge = warning if first.kind in _LESS else bad
    if standing.state == MISSING:
        return judge(about, f"The {record} is missing.", _fix(standing))
    if standing.state == DIFFERENT:
        found = ", ".join(standing.found)
        shown = f" (found: {found})" if len(found) <= _LONGEST else ""
        return judge(about, f"The {record} is wrong: {standing.why}{shown}.", _fix(standing))
    return unknown(about, f"The {record} is not known: {standing.why}.")


def _fix(standing: Standing) -> str:
    wanted = [each for each in standing.records if each.value]
    if not wanted:
        return f"Remove {standing.records[0].name} {standing.records[0].type}."
    if sum(len(each.value) for each in wanted) > _LONGEST:
        return f"Set it as `mailpopbox dns --values` prints it for {wanted[0].name}."
    # Without a full stop: what stands there is copied.
    return f"Set {listed(f'{each.name} {each.type} {each.value}' for each in wanted)}"


# --- What the host is called ---


def reverse(
    standings: Iterable[Standing], called: Mapping[str, str | Unknown], hostname: str
) -> tuple[Finding, ...]:
    """Judge reverse DNS, and what the server calls itself: when it sends, and when it greets."""
    found = [each for each in standings if each.records[0].kind == "reverse"]
    wrong = (*_pointers(found, hostname), *_called(called, hostname))
    return or_good(wrong, f"Reverse DNS, HELO and greeting agree on {hostname}.")


def _pointers(standings: Iterable[Standing], hostname: str) -> Iterator[Finding]:
    fix = f"Ask whoever rents you the host to set its reverse DNS (PTR) to {hostname}."
    for each in standings:
        address = address_of(each.records[0].name)
        if each.state == MISSING:
            yield bad(address, f"The address {address} has no reverse DNS.", fix)
        elif each.state == DIFFERENT:
            name = listed(each.found)
            yield bad(address, f"Reverse DNS calls {address} {name}, and not {hostname}.", fix)
        elif each.state != THERE:
            yield unknown(address, f"The reverse DNS of {address} is not known: {each.why}.")


def _called(called: Mapping[str, str | Unknown], hostname: str) -> Iterator[Finding]:
    for when, name in called.items():
        if isinstance(name, Unknown):
            yield unknown(when, f"What the server calls itself {when} is not known: {name.why}.")
        elif name.lower() != hostname:
            yield bad(
                when,
                f"The server calls itself {name} {when}, and not {hostname}.",
                "Take what changes it (myhostname, smtp_helo_name, smtpd_banner) out of"
                " mailpopbox_postfix_extra, and run the playbook.",
            )


# --- Who is asked ---


def resolver(
    found: Mapping[str, Trouble | None], *, dnssec: bool | Unknown | None = None
) -> tuple[Finding, ...]:
    """Judge those whom the host asks: of each, why it does not answer, or nothing.

    And whether the host's own checks DNSSEC, if it was asked.
    """
    checked = "; the host's own resolver checks DNSSEC" if dnssec is True else ""
    return or_good(
        (*_resolver(found), *_dnssec(checked=dnssec)),
        f"DNS answers, by {listed(found) if found else 'nobody'}{checked}.",
    )


def _resolver(found: Mapping[str, Trouble | None]) -> Iterator[Finding]:
    for address, trouble in found.items():
        if trouble:
            fix = "systemctl restart unbound; if that does not help: journalctl -u unbound"
            other = "Name another one in /etc/resolv.conf."
            sentence = f"The resolver {address} does not answer: {trouble.why}."
            yield bad(address, sentence, fix if address == RESOLVER else other)


def _dnssec(*, checked: bool | Unknown | None) -> Iterator[Finding]:
    if isinstance(checked, Unknown):
        sentence = f"Whether the resolver {RESOLVER} checks DNSSEC is not known: {checked.why}."
        yield unknown("dnssec", sentence)
    elif checked is False:
        yield bad(
            "dnssec",
            f"The resolver {RESOLVER} does not check DNSSEC, so DANE is not honoured: mail leaves"
            " unprotected to domains that publish it.",
            "Put back /etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf, which names the"
            " key of the root (Debian's packages unbound and dns-root-data), and take out of that"
            " folder what turns checking off (domain-insecure, module-config); then: systemctl"
            " restart unbound",
        )


# --- The keys ---


def keys(domains: Sequence[str], without: Iterable[str]) -> tuple[Finding, ...]:
    """Judge which domains have no key on the host that signs what leaves."""
    wrong = [
        bad(
            domain,
            f"There is no key to sign mail of {domain} with, so it cannot leave.",
            "Run the playbook, which makes one; then set its record (mailpopbox dns --values). Or"
            " restore the old one from a backup; see docs/install.md.",
        )
        for domain in without
    ]
    return or_good(wrong, f"There are keys to sign with for {counted(len(domains), 'domain')}.")


# --- Blocklists ---

# What every list has, and what none may have (RFC 5782, 5).
_LISTED, _NOT_LISTED = "2.0.0.127", "1.0.0.127"


def _reversed(address: str) -> str:
    return ipaddress.ip_address(address).reverse_pointer.rsplit(".", 2)[0]


def blocklist_questions(zones: Iterable[str], addresses: Sequence[str]) -> list[Question]:
    names = [_LISTED, _NOT_LISTED, *map(_reversed, addresses)]
    return [(f"{name}.{zone}", "A") for zone in zones for name in names]


def blocklists(
    zones: Sequence[str], addresses: Sequence[str], answers: Answers
) -> tuple[Finding, ...]:
    """Judge whether addresses are listed; only what cannot be anything else counts as listed."""
    if not zones:
        return (good("No blocklists are asked, as the settings say."),)
    found = [each for zone in zones for each in _blocklist(zone, addresses, answers)]
    wheres = listed(addresses)
    return or_good(
        found, f"{wheres} {'is' if len(addresses) == 1 else 'are'} in none of {listed(zones)}."
    )


def _blocklist(zone: str, addresses: Iterable[str], answers: Answers) -> Iterator[Finding]:
    if why := _no_list(zone, answers):
        yield unknown(zone, f"{zone} cannot be asked: {why}.", _ASK_YOURSELF)
        return
    for address in addresses:
        found = answers[f"{_reversed(address)}.{zone}", "A"]
        if isinstance(found, Trouble):
            yield unknown(
                f"{zone} {address}", f"{zone} cannot be asked: {found.why}.", _ASK_YOURSELF
            )
        elif strange := _strange(found):
            yield unknown(f"{zone} {address}", f"{zone} cannot be asked: {strange}.", _ASK_YOURSELF)
        elif found:
            yield bad(
                f"{zone} {address}",
                f"{address} is listed in {zone} ({listed(found)}), so many refuse mail from it.",
                f"Look up why at the page of {zone}, mend that, and ask there to be taken out.",
            )


_ASK_YOURSELF = (
    "Blocklists answer those who ask for themselves: keep mailpopbox_resolver on. Who does not want"
    " to ask at all: mailpopbox_doctor_blocklists: []."
)


def _no_list(zone: str, answers: Answers) -> str:
    """Say why this is no blocklist, or none that answers us."""
    listed_one, other = (answers[f"{each}.{zone}", "A"] for each in (_LISTED, _NOT_LISTED))
    for answer in (listed_one, other):
        if isinstance(answer, Trouble):
            return answer.why
        if strange := _strange(answer):
            return strange
    if not listed_one:
        return "it does not know the address that all lists have"
    return "it lists everything" if other else ""


def _strange(found: Iterable[str]) -> str:
    """Say what is wrong with answers that tell nothing."""
    for code in found:
        if code.startswith("127.255.255."):
            return f"it answers {code}, which means that it does not want to answer this resolver"
        if not code.startswith("127."):
            return f"it answers {code}, which no blocklist does"
    return ""
