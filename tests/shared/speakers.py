"""Servers on this machine that speak as mail servers do: as they should, or as a test wants it."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO


@dataclass
class Speaker:
    """What a server says: its greeting, and answers by the beginning of what it is told."""

    # None: it takes connections, and says nothing.
    greeting: str | None = "220 mx.example.com ESMTP"
    answers: dict[str, str] = field(default_factory=dict)
    otherwise: str = "250 2.0.0 Ok"
    # From the start, where it is asked for, or "".
    tls: str = ""
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    # What it was handed, and what it hands out.
    messages: list[bytes] = field(default_factory=list)
    # What it serves over HTTP, by name and path; whoever asks for a name like refused.… is refused.
    pages: dict[str, str] | None = None


def certificate(folder: Path, name: str = "mx.example.com") -> Path:
    """Make a key and a self-signed certificate, in one file, as the server has them."""
    path = folder / "server.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90"
        f" -subj /O=mailpopbox/CN=self-signed -addext subjectAltName=DNS:{name}"
        f" -keyout {path} -out {path}.crt".split(),
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@contextmanager
def speaking(speakers: Mapping[int, Speaker], pem: Path) -> Iterator[int]:
    """Serve, and return by how much all ports are shifted."""
    with ExitStack() as stack:
        shift, listeners = _listeners(list(speakers))
        for port, listener in listeners.items():
            stack.callback(_shut, listener)
            thread = threading.Thread(target=_serve, args=(listener, speakers[port], pem))
            thread.start()
            stack.callback(thread.join)
        for listener in listeners.values():
            stack.callback(_shut, listener)
        yield shift


def _shut(listener: socket.socket) -> None:
    try:
        listener.shutdown(socket.SHUT_RDWR)
    except OSError:  # shut already
        listener.close()


def _listeners(ports: list[int]) -> tuple[int, dict[int, socket.socket]]:
    for shift in range(20_000, 60_000, 1_100):
        found: dict[int, socket.socket] = {}
        try:
            for port in ports:
                found[port] = socket.create_server(("127.0.0.1", shift + port))
        except OSError:
            for listener in found.values():
                listener.close()
        else:
            return shift, found
    raise OSError("no free ports")


def _serve(listener: socket.socket, speaker: Speaker, pem: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.minimum_version = speaker.oldest
    if speaker.pages is not None:
        context.sni_callback = _refusing
    if speaker.oldest < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")
    with listener:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:  # shut down
                return
            # The client hangs up, asks for nothing, or does not like our TLS.
            with suppress(OSError, ValueError):
                _talk(sock, speaker, context)


def _talk(sock: socket.socket, speaker: Speaker, context: ssl.SSLContext) -> None:
    with ExitStack() as stack:
        stack.enter_context(sock)
        if speaker.tls == "start":
            sock = stack.enter_context(context.wrap_socket(sock, server_side=True))
        if speaker.greeting is not None:
            sock.sendall(f"{speaker.greeting}\r\n".encode())
        stream = stack.enter_context(sock.makefile("rb"))
        if speaker.pages is not None:
            sock.sendall(_page(stream, speaker.pages))
            return
        while line := stream.readline().decode(errors="replace").strip():
            reply = _reply(line, speaker)
            sock.sendall(reply)
            if line.upper() in {"STARTTLS", "STLS"} and reply[:3] in {b"220", b"+OK"}:
                sock = stack.enter_context(context.wrap_socket(sock, server_side=True))
                stream = stack.enter_context(sock.makefile("rb"))
            if line.upper() == "QUIT":
                return
            if reply.startswith(b"354"):
                sock.sendall(_taken(stream, speaker))


def _page(stream: BinaryIO, pages: Mapping[str, str]) -> bytes:
    """Answer a question as a web server does."""
    first, *headers = iter(lambda: stream.readline().decode().strip(), "")
    [name] = [each[6:] for each in headers if each.lower().startswith("host: ")]
    text = pages.get(f"{name}{first.split()[1]}")
    status = "404 Not Found" if text is None else "200 OK"
    body = (text or "").encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _refusing(_sock: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
    is_refused = name is None or name.startswith("refused")
    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if is_refused else None


def _taken(stream: BinaryIO, speaker: Speaker) -> bytes:
    lines = []
    while (line := stream.readline()) != b".\r\n":
        lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
    speaker.messages.append(b"".join(lines))
    return f"{speaker.answers.get('.', speaker.otherwise)}\r\n".encode()


def _reply(line: str, speaker: Speaker) -> bytes:
    if line.upper().startswith("RETR "):
        return b"+OK\r\n" + speaker.messages[int(line[5:]) - 1] + b"\r\n.\r\n"
    if line.upper() == "STAT" and "STAT" not in speaker.answers:
        return f"+OK {len(speaker.messages)} 0\r\n".encode()
    found = [
        answer
        for begin, answer in speaker.answers.items()
        if line.lower().startswith(begin.lower())
    ]
    return f"{(found or [speaker.otherwise])[0]}\r\n".encode()
