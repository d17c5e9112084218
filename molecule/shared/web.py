"""What a server serves over HTTPS, as mail programs and other servers ask for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path

from inside import NETWORK_SECONDS
from probe import Server, tls

POLICY = "/.well-known/mta-sts.txt"
AUTOCONFIG = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
PROFILE = "/apple.mobileconfig"
PATHS = (POLICY, AUTOCONFIG, WELL_KNOWN, PROFILE)


@dataclass(frozen=True)
class Answer:
    """What came back; the date is left out, so that equal answers are equal."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")


def ask(
    server: Server, name: str, path: str, ca: Path | None = None, *, method: str = "GET"
) -> Answer:
    """Ask for a file under a name, whose certificate is verified where there is a CA."""
    port = server.ports["https"]
    connection = HTTPSConnection("127.0.0.1", port, context=tls(name, ca), timeout=NETWORK_SECONDS)
    try:
        connection.request(method, path, headers={"Host": name})
        answer = connection.getresponse()
        headers = tuple(each for each in answer.getheaders() if each[0] != "Date")
        return Answer(answer.status, headers, answer.read())
    finally:
        connection.close()


def domains(server: Server) -> list[str]:
    """Return the domains of which all mail arrives, as DNS spells them."""
    named = [domain for box in server.mailboxes for domain in box.domains]
    named += server.setting("dns_domains")
    return [name.lower().encode("idna").decode() for name in named]


def served(server: Server) -> Iterator[tuple[str, str]]:
    """Yield each name and path that there is to be, and there are no others."""
    yield server.hostname, PROFILE
    for domain in domains(server):
        yield f"autoconfig.{domain}", AUTOCONFIG
        yield f"autoconfig.{domain}", WELL_KNOWN
        if server.setting("tls") != "selfsigned":
            yield f"mta-sts.{domain}", POLICY
