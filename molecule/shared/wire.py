"""Conversations word by word, for what no well-behaved program would say."""

import socket
import ssl
from collections.abc import Iterable


class Wire:
    """One open connection. Answers come as text; "" when the other side hung up."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, *, encrypted: bool = False
    ) -> None:
        self._context = context
        self._sock = context.wrap_socket(sock) if encrypted else sock
        self._file = self._sock.makefile("rb")

    @property
    def tls_version(self) -> str | None:
        """What both sides agreed on, as "TLSv1.3"; None in clear text."""
        return self._sock.version() if isinstance(self._sock, ssl.SSLSocket) else None

    @property
    def certificate(self) -> bytes:
        """The one that the other side showed."""
        assert isinstance(self._sock, ssl.SSLSocket)
        return self._sock.getpeercert(binary_form=True) or b""

    def send(self, raw: bytes) -> None:
        self._sock.sendall(raw)

    def line(self) -> str:
        return self._file.readline().decode("utf-8", "replace").rstrip("\r\n")

    def answer(self) -> str:
        """Read one answer: of SMTP with all its lines, of POP3 its first."""
        lines = [self.line()]
        while lines[-1][3:4] == "-" and lines[-1][:3].isdigit():
            lines.append(self.line())
        return "\n".join(lines)

    def say(self, command: str) -> str:
        """Send one command and return its answer."""
        self.send(command.encode() + b"\r\n")
        return self.answer()

    def all_lines(self, command: str) -> list[str]:
        """Send a POP3 command that is answered by a list."""
        assert self.say(command).startswith("+OK")
        lines = []
        while (line := self.line()) != ".":
            assert line, "the list has no end"
            lines.append(line)
        return lines

    def say_all(self, commands: Iterable[str]) -> list[str]:
        return [self.say(command) for command in commands]

    def start_tls(self, command: str = "STARTTLS") -> None:
        """Go on under TLS."""
        answer = self.say(command)
        assert answer.startswith(("220", "+OK")), answer
        self._file.close()
        self._sock = self._context.wrap_socket(self._sock)
        self._file = self._sock.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._sock.close()
