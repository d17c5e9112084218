"""Mail as a client on the network brings it, signed and verified by dkimpy, apart from Rspamd."""

import json
import smtplib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from inside import Host, wait_until
from messages import letter, parse
from probe import Server

HELO = "client.hostile.test"
_POST = """
import base64, smtplib, sys
host, helo, sender, to = sys.argv[1:]
client = smtplib.SMTP(host, 25, helo, timeout=60)
try:
    client.sendmail(sender, [to], MESSAGE)
    print(250)
except smtplib.SMTPResponseException as refusal:
    print(refusal.smtp_code, refusal.smtp_error.decode())
except smtplib.SMTPRecipientsRefused as refusal:
    [(code, text)] = refusal.recipients.values()
    print(code, text.decode())
"""
_SIGN = """
import base64, dkim, sys
domain, message = sys.argv[1], MESSAGE
key = open(f"/srv/{domain}.key", "rb").read()
line = dkim.sign(message, b"key", domain.encode(), key, include_headers=[b"from", b"subject"])
print(base64.b64encode(line + message).decode())
"""
_SEAL = """
import base64, dkim, sys
from types import SimpleNamespace

# By itself, dkimpy leaves out the comments of what it seals.
class Result(str):
    method = property(lambda self: self.partition("=")[0])
    result = property(lambda self: self.partition("=")[2].split(" ")[0])

def parse(line):
    name, *results = " ".join(line.split()).partition(": ")[2].split(";")
    return SimpleNamespace(authserv_id=name, results=[Result(each.strip()) for each in results])

header = SimpleNamespace(parse=parse)
dkim.authres = SimpleNamespace(AuthenticationResultsHeader=header, core=dkim.authres.core)
domain, message = sys.argv[1], MESSAGE
key = open(f"/srv/{domain}.key", "rb").read()
lines = dkim.arc_sign(
    message, b"key", domain.encode(), key, domain.encode(), include_headers=[b"from", b"subject"]
)
print(base64.b64encode(b"".join(lines) + message).decode())
"""
_JUDGE = """
import authheaders, sys
ip, helo, sender = sys.argv[1:]
envelope = dict(ip=ip, helo=helo, mail_from=sender)
print(authheaders.authenticate_message(MESSAGE, "client", spf=True, **envelope))
"""
_VERIFY = """
import base64, dkim, json, sys
message = MESSAGE
found = []
count = sum(name.lower() == b"dkim-signature" for name, _ in dkim.DKIM(message).headers)
for number in range(count):
    checked = dkim.DKIM(message, minkey=1024)
    try:
        right = checked.verify(idx=number)
    except Exception as error:
        right = False
        print(error, file=sys.stderr)
    fields = {k.decode(): v.decode() for k, v in checked.signature_fields.items()}
    found.append([fields.get("d"), fields.get("s"), fields.get("a"), right])
print(json.dumps(found))
"""


def wait_for_rspamd(server: Server) -> None:
    """Wait until it listens again; it reads much when it starts."""
    wait_until("Rspamd", lambda: "rspamd/milter.sock" in server.run("ss", "-Hlx").stdout)


def restart_rspamd(server: Server) -> None:
    server.run("systemctl", "restart", "rspamd")
    wait_for_rspamd(server)


def answer_to(server: Server, message: EmailMessage | bytes, service: str = "submissions") -> str:
    """Send a message as the first login, or as a stranger, and return what the server answers."""
    login = server.mailbox().login
    raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
    try:
        with server.smtp(service, None if service == "smtp" else login) as client:
            code, text = client.mail(login)
            if code == 250:
                code, text = client.rcpt(parse(raw)["To"].addresses[0].addr_spec)
            if code == 250:
                code, text = client.data(raw)
    except smtplib.SMTPResponseException as refusal:  # without a milter, nobody even logs in
        code, text = refusal.smtp_code, bytes(refusal.smtp_error)  # type: ignore[arg-type]
    return f"{code} {text.decode()}"


@dataclass(frozen=True)
class Signature:
    """A signature of a message, and whether dkimpy finds it right."""

    domain: str
    selector: str
    algorithm: str
    right: bool


@dataclass(frozen=True)
class Outsider:
    """A client on the network, who may write to anybody, and whose IP address is its own."""

    host: Host

    def post(
        self,
        server: Server,
        message: EmailMessage | bytes,
        *,
        sender: str,
        to: str | None = None,
        helo: str = HELO,
    ) -> str:
        """Bring a message and return what the server answers to it: 250, or code and reason."""
        recipient = to or server.mailbox().login
        address = str(server.variables["_ip"])
        return self._run(_POST, message, address, helo, sender, recipient).strip()

    def signed(self, domain: str, message: EmailMessage | bytes) -> bytes:
        """Return a message with a DKIM signature of that domain."""
        return b64decode(self._run(_SIGN, message, domain))

    def sealed(self, domain: str, message: EmailMessage | bytes) -> bytes:
        """Return a message with one more ARC set, by that domain's own Authentication-Results."""
        return b64decode(self._run(_SEAL, message, domain))

    def from_a_list(self, word: str, *, found: str = "dmarc=pass", by: str = "list.test") -> bytes:
        """Return what a list makes of a genuine message: another Subject, and a seal."""
        signed = self.signed("bank.test", letter(word, sender="ceo@bank.test"))
        changed = signed.replace(b"Subject: ", b"Subject: [list] ")
        results = f"Authentication-Results: {by}; dkim=pass header.d=bank.test; {found}\r\n"
        return self.sealed(by, results.encode() + changed)

    def judgement(self, raw: bytes, server: Server) -> str:
        """Return what authheaders says of a message that came from that server."""
        sender = str(parse(raw)["Return-Path"]).strip("<>")
        return self._judgement(raw, str(server.variables["_ip"]), server.hostname, sender)

    def judgement_of_own(self, raw: bytes, sender: str) -> str:
        """Return what authheaders says of a message that comes from the client itself."""
        return self._judgement(raw, str(self.host.variables["_ip"]), HELO, sender)

    def _judgement(self, raw: bytes, address: str, helo: str, sender: str) -> str:
        return " ".join(self._run(_JUDGE, raw, address, helo, sender).split())

    def signatures(self, raw: bytes) -> Sequence[Signature]:
        """Return all signatures of a message, as dkimpy judges them."""
        return [Signature(*found) for found in json.loads(self._run(_VERIFY, raw))]

    def _run(self, program: str, message: EmailMessage | bytes, *arguments: str) -> str:
        """Run a program on the client; the message is written into it, however large it is."""
        raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
        given = f"import base64\nMESSAGE = base64.b64decode({b64encode(raw)!r})\n"
        return self.host.python(given + program, *arguments, timeout=90)
