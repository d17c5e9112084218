"""Asking the ports of a mail server, as mail programs and other servers do."""

import poplib
import smtplib
import socket
import ssl
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from mailpopbox.doctor.doors import Outside, Spoken, Trick
from mailpopbox.doctor.host import ASK_FOR_TIME, time_told
from mailpopbox.doctor.milters import GOODBYE, HELLO, answers
from mailpopbox.doctor.web import Fetched, Page
from mailpopbox.found import Unknown

HERE = "127.0.0.1"
# postscreen lets strangers wait for six.
_SECONDS = 9.0
_SECONDS_OUTSIDE = 5.0
_NTP = 123
# More octets are no policy, and no settings.
_MOST = 65_536
# The servers of tests stand elsewhere.
_SHIFT = 0
# What the server reads of the client's name; it is not asked for.
_CLIENT = "localhost"

Client = smtplib.SMTP | poplib.POP3 | HTTPConnection
# What connecting ends with; those of smtplib and ssl are an OSError, too.
TROUBLES = (OSError, poplib.error_proto)
_VERSIONS = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1"}


def lenient() -> ssl.SSLContext:
    """Take any certificate: what is shown is judged apart."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _outdated() -> ssl.SSLContext:
    """Speak what nobody should understand any more."""
    context = lenient()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


# Made here, in one thread: warnings are switched off for all threads.
_OUTDATED = _outdated()


@contextmanager
def smtp(
    port: int, context: ssl.SSLContext | None = None, at: str = HERE
) -> Iterator[smtplib.SMTP]:
    """Connect to a port and be greeted; by TLS on 465, and where a context is given."""
    begin = _SHIFT + port
    with ExitStack() as stack:
        if port == 465:
            context = context or lenient()
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                at, begin, _CLIENT, timeout=_SECONDS, context=context
            )
        else:
            client = smtplib.SMTP(at, begin, _CLIENT, timeout=_SECONDS)
        stack.callback(client.close)
        if context and port != 465:
            client.starttls(context=context)
        yield client
        # Whoever just hangs up leaves a line in the journal.
        with suppress(*TROUBLES):
            client.quit()


@contextmanager
def pop3(port: int, context: ssl.SSLContext | None = None) -> Iterator[poplib.POP3]:
    """Likewise; by TLS on 995."""
    begin = _SHIFT + port
    with ExitStack() as stack:
        if port == 995:
            context = context or lenient()
            client: poplib.POP3 = poplib.POP3_SSL(HERE, begin, timeout=_SECONDS, context=context)
        else:
            client = poplib.POP3(HERE, begin, timeout=_SECONDS)
        stack.callback(client.close)
        if context and port != 995:
            client.stls(context)
        yield client
        with suppress(*TROUBLES):
            client.quit()


@contextmanager
def https(name: str, context: ssl.SSLContext | None = None) -> Iterator[HTTPConnection]:
    """Likewise on 443, and ask for a name: who asks for none is not shown the certificate."""
    with ExitStack() as stack:
        sock = stack.enter_context(socket.create_connection((HERE, _SHIFT + 443), _SECONDS))
        client = HTTPConnection(name)
        client.sock = (context or lenient()).wrap_socket(sock, server_hostname=name)
        stack.callback(client.close)
        yield client


def _opened(
    port: int, name: str, context: ssl.SSLContext | None = None
) -> AbstractContextManager[Client]:
    if port == 443:
        return https(name, context)
    return pop3(port, context) if port in {110, 995} else smtp(port, context)


def why(error: Exception) -> str:
    """Say why nobody answered as they should."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, text), *_] = error.recipients.values()
        return f"{code} {_text(text)}"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said if isinstance(said, str) else _text(said)}"
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, poplib.error_proto):
        answer = error.args[0] if error.args else "no answer"
        return _text(answer) if isinstance(answer, bytes) else str(answer)
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "replace")


def answering(port: int, name: str) -> str:
    """Return why a port does not answer, or nothing; `name` is that of the host."""
    try:
        with _opened(port, name):
            return ""
    except TROUBLES as error:
        return why(error)


def spoken(port: int, name: str) -> Spoken:
    """Find out which versions of TLS a port speaks."""
    try:
        with _opened(port, name, lenient()) as client:
            modern: str | Unknown = _version(client)
    except smtplib.SMTPNotSupportedError:
        return Spoken("")
    except TROUBLES as error:
        return Spoken(Unknown(why(error)))
    try:
        with _opened(port, name, _OUTDATED) as client:
            return Spoken(modern, _version(client))
    except TROUBLES:
        return Spoken(modern)


def _tls_of(client: Client) -> ssl.SSLSocket:
    sock = client.sock
    if not isinstance(sock, ssl.SSLSocket):
        raise ssl.SSLError("no TLS")
    return sock


def _version(client: Client) -> str:
    version = _tls_of(client).version() or ""
    return _VERSIONS.get(version, version)


def shown(port: int, name: str) -> bytes | None:
    """Return the certificate that a port shows, in DER."""
    try:
        with _opened(port, name, lenient()) as client:
            return _tls_of(client).getpeercert(binary_form=True)
    except TROUBLES:
        return None


def fetched(page: Page) -> Fetched:
    """Return what is served over HTTPS."""
    try:
        with https(page.name) as client:
            client.request("GET", page.path)
            answer = client.getresponse()
            text = answer.read(_MOST).decode(errors="replace")
    except (*TROUBLES, HTTPException) as error:
        return Fetched(why=why(error))
    is_there = answer.status == HTTPStatus.OK
    return Fetched(text) if is_there else Fetched(why=f"the answer is {answer.status}")


def name_in_greeting() -> str | Unknown:
    """Return what the server calls itself to those who bring mail."""
    try:
        with smtp(25) as client:
            _, said = client.ehlo()
    except TROUBLES as error:
        return Unknown(why(error))
    return _text(said).split()[0]


def taken(address: str, tricks: Sequence[Trick]) -> Sequence[Trick] | Unknown:
    """Try to send to others at an address of the host, and say what was taken; nothing is sent."""
    found = []
    try:
        with smtp(25, at=address) as client:
            client.ehlo()
            for trick in tricks:
                client.rset()
                code, text = client.docmd("MAIL", f"FROM:<{trick.sender}>")
                if code == 250:
                    code, text = client.docmd("RCPT", f"TO:<{trick.recipient}>")
                    found += [trick] if code in {250, 251} else []
                # Later it may say something else.
                if 400 <= code < 500 and not found:
                    return Unknown(f"{code} {_text(text)}")
    except TROUBLES as error:
        return Unknown(why(error))
    return found


def reached(host: str) -> Outside:
    """Let a mail server of others greet us, and take leave."""
    try:
        client = smtplib.SMTP(host, _SHIFT + 25, _CLIENT, timeout=_SECONDS_OUTSIDE)
    except OSError as error:
        return Outside(host, why(error))
    with suppress(OSError):
        client.quit()
    client.close()
    return Outside(host)


def milter_trouble(path: Path) -> str:
    """Return why a milter does not answer at its socket, or nothing."""
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(_SECONDS)
            sock.connect(str(path))
            sock.sendall(HELLO)
            answer = sock.recv(64)
            sock.sendall(GOODBYE)
    except OSError as error:
        return why(error)
    return "" if answers(answer) else "it says something else than a milter"


def seconds_ahead(server: str) -> float | Unknown:
    """Return how many seconds the clock is before that of an NTP server."""
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(
            server, _SHIFT + _NTP, type=socket.SOCK_DGRAM
        )
        with socket.socket(family, kind) as sock:
            sock.settimeout(_SECONDS_OUTSIDE)
            sock.connect(address)
            before = time.time()
            sock.send(ASK_FOR_TIME)
            told = time_told(sock.recv(512))
            after = time.time()
    except OSError as error:
        return Unknown(f"{server}: {why(error)}")
    if told is None:
        return Unknown(f"{server} tells no time")
    return (before + after) / 2 - told
