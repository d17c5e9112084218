"""Cases of the unit tests on their way through a real server."""

import subprocess
import tarfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from io import BytesIO

from cases import Case, Outcome, as_a_file, by_the_command
from changed import configured, let_in
from inside import NETWORK_SECONDS, wait_until
from judging import comparable
from leaving import own_headers, sender_of
from mailpopbox.config import Config
from mailpopbox.oneshot import as_handed, split
from pipeline import Parcel, answers
from probe import Server

SUBMISSION = ("submissions", "submission")
_BODIES = ("\nHello\n.\n..dots\n", "\nGrüße\n")
_CONNECTIONS = 4
_MESSAGES_A_CONNECTION = 200


@dataclass(slots=True)
class Trip:
    """A case on its way through one port, what is foretold of it, and what became of it."""

    case: Case
    service: str
    parcel: Parcel
    foretold: Outcome
    # What the server said to it, and to the message before it on the same connection.
    answer: str = ""
    answer_before: str = ""
    copies: dict[str, list[bytes]] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return not self.answer.startswith("250")

    def complaints(self) -> Iterator[str]:
        """Say in which way the server did not do what is foretold."""
        if self.foretold.refusal or self.refused:
            if self.answer != self.foretold.refusal:
                yield f"answered {self.answer!r} instead of {self.foretold.refusal or 250!r}"
            return
        for recipient in self.parcel.recipients:
            copies = self.copies.get(recipient, [])
            if len(copies) != 1:
                yield f"{len(copies)} copies arrived instead of one"
            for copy in copies:
                yield from self._differences(copy)

    def _differences(self, copy: bytes) -> Iterator[str]:
        left, foretold = tuple(comparable(own_headers(copy))), self.foretold.headers
        if left != foretold:
            more = [pair for pair in left if pair not in foretold]
            less = [pair for pair in foretold if pair not in left]
            yield f"{more or left} left instead of {less or foretold}"
        if sender_of(copy) != self.foretold.sender:
            yield f"{sender_of(copy)!r} left as sender instead of {self.foretold.sender!r}"
        if split(copy)[1] != as_handed(self.parcel.message)[1]:
            yield "the body changed"


def sent(server: Server, ways: Iterable[tuple[Case, str]]) -> list[Trip]:
    """Send cases, each through the port it is to take, and see what arrived."""
    run = uuid.uuid4().hex
    trips = [
        _trip(server, case, service, run, number) for number, (case, service) in enumerate(ways)
    ]
    with let_in(server, {trip.case.question.login for trip in trips}):
        for config in dict.fromkeys(map(_config_for, trips)):
            with configured(server, config):
                _send(server, [trip for trip in trips if _config_for(trip) == config])
    wait_until("empty queue", lambda: not server.queue())
    copies = _copies(server, run, {trip.service for trip in trips})
    for trip in trips:
        trip.copies = {to: copies[to] for to in trip.parcel.recipients if to in copies}
    return trips


def _config_for(trip: Trip) -> Config:
    """Return how the server is to judge a case that answers nothing which is known.

    The server does know some of that, for it remembers the other cases.
    """
    return replace(trip.case.question.config, auto_sendas=False)


def _trip(server: Server, case: Case, service: str, run: str, number: int) -> Trip:
    """Give a case an envelope: one to three recipients, and all that the message needs."""
    message = as_a_file(case.question, _BODIES[number % len(_BODIES)])
    domain = "example.com" if service == "smtp" else "somewhere.test"
    recipients = [f"{run}.{number}.{copy}@{domain}" for copy in range(1 + number % 3)]
    options = [] if message.isascii() else ["BODY=8BITMIME"]
    head, _, _ = message.partition(b"\n\n")
    if service == "submission" and not head.isascii() and _is_utf8(head):
        options.append("SMTPUTF8")
    parcel = Parcel(case.question.sender, recipients, message, options)
    there = replace(case.question.config, hostname=server.hostname)
    foretold = by_the_command(replace(case.question, config=there), message)
    return Trip(case, service, parcel, foretold)


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def _send(server: Server, trips: Sequence[Trip]) -> None:
    """Send over a few connections at a time, each of one login through one port."""
    together: dict[tuple[str, str | None], list[Trip]] = {}
    for trip in trips:
        together.setdefault((trip.service, trip.case.question.login), []).append(trip)
    loads = [
        (service, login, some)
        for (service, login), all_of_them in together.items()
        for some in _in_loads(_spread(all_of_them))
    ]
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        list(pool.map(lambda load: _send_load(server, *load), loads))


def _spread(trips: Sequence[Trip]) -> list[Trip]:
    """Order trips so that refusals come evenly: Postfix hangs up on too many in a row."""
    kinds = [
        [trip for trip in trips if bool(trip.foretold.refusal) is kind] for kind in (False, True)
    ]
    places = [
        ((number + 0.5) / len(kind), trip) for kind in kinds for number, trip in enumerate(kind)
    ]
    return [trip for _, trip in sorted(places, key=lambda place: place[0])]


def _in_loads(trips: list[Trip]) -> Iterator[list[Trip]]:
    for start in range(0, len(trips), _MESSAGES_A_CONNECTION):
        yield trips[start : start + _MESSAGES_A_CONNECTION]


def _send_load(server: Server, service: str, login: str | None, trips: Sequence[Trip]) -> None:
    account = None if login is None else (login, _password(server, login))
    said = answers(server, service, account, [trip.parcel for trip in trips])
    for trip, answer, before in zip(trips, said, ["", *said[:-1]], strict=True):
        trip.answer, trip.answer_before = answer, before


def _password(server: Server, login: str) -> str:
    """Return the password; who was let in for a while has that of the first mailbox."""
    passwords = {box.login: box.password for box in server.mailboxes}
    return passwords.get(login.lower(), server.mailbox().password)


def _copies(server: Server, run: str, services: set[str]) -> dict[str, list[bytes]]:
    """Return what arrived of one run of these tests, by recipient."""
    logins = [server.setting("capture_outbound")] if services & set(SUBMISSION) else []
    logins += [server.mailbox().login] if "smtp" in services else []
    found: dict[str, list[bytes]] = {}
    for login in logins:
        for raw in _files(server, f"/var/vmail/{login}/Maildir/new"):
            recipient = next(value for name, value in split(raw)[0] if name == "X-Original-To")
            if recipient.startswith(run):
                found.setdefault(recipient, []).append(raw)
    return found


def _files(server: Server, folder: str) -> Iterator[bytes]:
    """Return all files in a folder of the server, fetched at once."""
    packed = subprocess.run(
        [*server.enter, "tar", "--create", "--directory", folder, "."],
        capture_output=True,
        timeout=NETWORK_SECONDS,
        check=True,
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        for member in archive:
            if file := archive.extractfile(member):
                yield file.read()
