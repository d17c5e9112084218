"""What is served over HTTPS: settings for mail programs, and the policy for MTA-STS."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mailpopbox.counting import counted
from mailpopbox.doctor.doors import RENEWALS, is_for
from mailpopbox.doctor.finding import Finding, bad, or_good, unknown, warning
from mailpopbox.found import Certificate, Unknown

_POLICY = "the policy for MTA-STS"
_SETTINGS = "the settings for mail programs"
_MODES = ("none", "testing", "enforce")


@dataclass(frozen=True, slots=True, order=True)
class Page:
    """A file that is to be served, under a name."""

    name: str
    path: str
    is_policy: bool = False

    @property
    def url(self) -> str:
        return f"https://{self.name}{self.path}"

    @property
    def title(self) -> str:
        return f"{_POLICY if self.is_policy else _SETTINGS} at {self.url}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back for a page."""

    text: str = ""
    # Why nothing did.
    why: str = ""


def pages(hostname: str, domains: Iterable[str], *, policy: bool) -> Iterator[Page]:
    """Yield what is to be there, each kind of file once for each domain."""
    yield Page(hostname, "/apple.mobileconfig")
    for domain in domains:
        yield Page(f"autoconfig.{domain}", "/mail/config-v1.1.xml")
        if policy:
            yield Page(f"mta-sts.{domain}", "/.well-known/mta-sts.txt", is_policy=True)


def web(
    found: Mapping[Page, Fetched], certificate: Certificate | Unknown, hostname: str, source: str
) -> tuple[Finding, ...]:
    """Judge what came back; `source` is what the settings say that the certificate comes from."""
    served = counted(len(found), "file is", "files are")
    fine = f"{served} served over HTTPS as they should be, and the certificate has all their names."
    reasons = {each.why for each in found.values()}
    if len(reasons) == 1 and (why := reasons.pop()):
        return (bad("web", f"Nothing is served over HTTPS: {why}.", _RESTART),)
    wrong = [each for page, answer in found.items() for each in _page(page, answer, hostname)]
    return or_good((*wrong, *_names(found, certificate, source)), fine)


_RESTART = "systemctl restart nginx; if that does not help, run the playbook."
_WRITE = "Run the playbook, which writes it anew."


def _page(page: Page, answer: Fetched, hostname: str) -> Iterator[Finding]:
    judge = bad if page.is_policy else warning
    wrong = _wrong_policy if page.is_policy else _wrong_settings
    if answer.why:
        yield judge(page.url, f"Nobody can fetch {page.title}: {answer.why}.", _RESTART)
    elif why := wrong(answer.text, hostname):
        yield judge(page.url, f"Nobody can use {page.title}: {why}.", _WRITE)


def _wrong_settings(text: str, hostname: str) -> str:
    return "" if hostname in text else f"{hostname} is not named there"


def _wrong_policy(text: str, hostname: str) -> str:
    """Say what is wrong with a policy (RFC 8461, 3.2)."""
    lines = [line.partition(":") for line in text.splitlines() if line]
    fields = [(key.strip(), value.strip()) for key, _, value in lines]
    told = dict(fields)
    if told.get("version") != "STSv1" or told.get("mode") not in _MODES:
        return "it is none"
    if not told.get("max_age", "").isdecimal():
        return "it does not say how long it holds"
    if told["mode"] != "none" and ("mx", hostname) not in fields:
        return f"by it, mail must not go to {hostname}"
    return ""


def _names(
    found: Iterable[Page], certificate: Certificate | Unknown, source: str
) -> Iterator[Finding]:
    if isinstance(certificate, Unknown):
        why = f"The names in the certificate cannot be seen: {certificate.why}."
        yield unknown("certificate", why)
        return
    for page in found:
        if not any(is_for(page.name, name) for name in certificate.names):
            judge = bad if page.is_policy else warning
            sentence = f"The certificate is not for {page.name}, so nobody trusts {page.title}."
            yield judge(page.name, sentence, RENEWALS[source])
