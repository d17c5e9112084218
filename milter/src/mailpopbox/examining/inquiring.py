"""The checks of the doctor that ask DNS, and others by what it says."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailpopbox.dkim.state import names_of
from mailpopbox.dns import host
from mailpopbox.dns.host import Checked
from mailpopbox.dns.judging import MISSING, Question, Trouble, Values, mx_of
from mailpopbox.dns.judging import Finding as Standing
from mailpopbox.dns.records import records as records_of
from mailpopbox.dns.zones import REVERSE, Zone, zones
from mailpopbox.doctor import doors, names
from mailpopbox.doctor import trip as trips
from mailpopbox.doctor.finding import good
from mailpopbox.examining import gathering, knocking, selfmail
from mailpopbox.examining.patient import Findings, Patient
from mailpopbox.found import Unknown

_MOST_SERVERS = 3


def _ask(questions: Sequence[Question], server: str = "") -> Mapping[Question, Values | Trouble]:
    """Ask the resolver of the host, or the one that is named."""
    # Here, because it needs a package that most commands do without.
    from mailpopbox.dns.resolving import Asker  # noqa: PLC0415

    asker = Asker(server)
    return asker.answers([(each, asker.anybody()) for each in questions])


def resolver(patient: Patient) -> Findings:
    from mailpopbox.dns.resolving import resolvers  # noqa: PLC0415

    own = [names.RESOLVER] if patient.settings.resolver else []
    question = (patient.hostname, "A")
    found = {each: _ask([question], each)[question] for each in dict.fromkeys([*own, *resolvers()])}
    troubles = {
        each: answer if isinstance(answer, Trouble) else None for each, answer in found.items()
    }
    # One that does not answer at all is told of once.
    is_there = own and not troubles[names.RESOLVER]
    return names.resolver(troubles, dnssec=_checks_dnssec() if is_there else None)


def _checks_dnssec() -> bool | Unknown | None:
    """Ask our resolver what Postfix asks, to see whether it checks DNSSEC; unless nobody asks."""
    from mailpopbox.outbound.dane import Resolver  # noqa: PLC0415

    probe = gathering.output(["postconf", "-xh", "dnssec_probe"])
    if isinstance(probe, Unknown):
        return probe
    if not probe.strip():
        return None
    # A type and a name, such as ns:.
    kind, _, name = probe.strip().rpartition(":")
    found = Resolver(names.RESOLVER).vouches_for(name, kind)
    return Unknown(f"nobody answers dnssec_probe ({probe.strip()})") if found is None else found


def records(patient: Patient) -> Findings:
    every = [zone for zone in _zones(patient) if zone.name != REVERSE]
    checked = host.checked_zones(every, patient.addresses)
    gone = [each for each in checked if _is_gone(each)]
    return names.records(
        _standings(each for each in checked if each not in gone), [each.zone.name for each in gone]
    )


def _is_gone(checked: Checked) -> bool:
    """Tell whether a domain is nowhere; some are a part of the zone above."""
    return not checked.exists and {each.state for each in checked.findings} <= {MISSING}


def reverse(patient: Patient) -> Findings:
    every = [zone for zone in _zones(patient) if zone.name == REVERSE]
    printed = gathering.output(["postconf", "-xh", "smtp_helo_name"])
    called = {
        "when it sends (HELO)": printed if isinstance(printed, Unknown) else printed.strip(),
        "when it greets": knocking.name_in_greeting(),
    }
    checked = host.checked_zones(every, patient.addresses)
    return names.reverse(_standings(checked), called, patient.hostname)


def _standings(checked: Iterable[Checked]) -> list[Standing]:
    return [finding for each in checked for finding in each.findings]


def _zones(patient: Patient) -> Sequence[Zone]:
    facts = patient.facts
    name = f"_25._tcp.{patient.hostname}"
    # Whoever has set it is not reached by those who check it when it is wrong.
    tlsa = _ask([(name, "TLSA")])[name, "TLSA"]
    is_set = not isinstance(tlsa, Trouble) and tlsa
    wanted = host.tlsa_of(gathering.CERTIFICATE) if is_set else ""
    keys_there = patient.shelf.needed(facts.names, patient.now)
    policy, zone_of = host.policy_of(facts), host.public_zones()
    found = records_of(facts, patient.addresses, keys_there, zone_of, tlsa=wanted, policy=policy)
    return zones(found, (*facts.domains, facts.hostname), zone_of)


def keys(patient: Patient) -> Findings:
    shelf = patient.shelf
    found, wanted = shelf.domains(), names_of(patient.config)
    without = [
        name
        for name in wanted
        if name not in found or not found[name].signing or shelf.lost(name, found[name])
    ]
    return names.keys(wanted, without)


def blocklists(patient: Patient) -> Findings:
    lists, addresses = patient.settings.blocklists, patient.addresses
    questions = names.blocklist_questions(lists, addresses)
    answers = _ask(questions, names.RESOLVER if patient.settings.resolver else "") if lists else {}
    return names.blocklists(lists, addresses, answers)


def outside(patient: Patient) -> Findings:
    name = patient.outside
    if not name:
        return [
            good("Nobody is asked whether port 25 to the outside is open, as the settings say.")
        ]
    servers = _mail_servers(name)
    if isinstance(servers, Trouble):
        return [doors.outside(name, Unknown(servers.why))]
    return [doors.outside(name, list(_tried(servers)))]


def _mail_servers(name: str) -> Sequence[str] | Trouble:
    """Return the first few mail servers of a domain; a host, or its address, stands for itself."""
    if _is_address(name):
        return [name]
    answer = _ask([(name, "MX")])[name, "MX"]
    if isinstance(answer, Trouble):
        return answer
    return [host for _, host in sorted(map(mx_of, answer)) if host != "."][:_MOST_SERVERS] or [name]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _tried(servers: Iterable[str]) -> Iterator[doors.Outside]:
    """Try mail servers of others, until one answers."""
    for server in servers:
        found = knocking.reached(server)
        yield found
        if not found.why:
            return


# --- A message to oneself ---


def trip(patient: Patient) -> Findings:
    from mailpopbox.examining.signatures import author_of, signatures  # noqa: PLC0415

    senders = trips.senders(patient.config, patient.settings.messages_per_minute)
    try:
        seconds, raws = selfmail.sent_and_fetched(patient.login, patient.config.doctor, senders)
    except selfmail.StoppedError as error:
        return trips.trip(trips.Trip(error.where, str(error)))
    arrived = (
        trips.Arrived(sender, author_of(raw), signatures(raw, _keys_in_dns))
        for sender, raw in raws.items()
    )
    return trips.trip(trips.Trip(seconds=seconds, arrived=tuple(arrived)))


def _keys_in_dns(names_of_keys: Sequence[str]) -> Mapping[str, Values | Trouble]:
    """Ask the servers of each zone themselves, since a resolver remembers what was there before."""
    from mailpopbox.dns.resolving import Asker  # noqa: PLC0415

    asker = Asker()
    domains = [each.partition("._domainkey.")[2] for each in names_of_keys]
    asked = zip(names_of_keys, asker.whom(domains), strict=True)
    answers = asker.answers([((name, "TXT"), whom) for name, whom in asked])
    return {name: answer for (name, _), answer in answers.items()}
