"""The server that mail goes to: it takes whatever comes, into one mailbox."""

from dataclasses import dataclass

from inside import Host, wait_until

_FOLDER = "/srv/mail/Maildir/new"


@dataclass(frozen=True)
class Destination:
    """Its host, and what has arrived there."""

    host: Host

    def copies(self, line: str) -> list[str]:
        """Return the files of all messages that have this somewhere."""
        return self.host.run("grep", "-rlF", line, _FOLDER, check=False).stdout.split()

    def has(self, address: str) -> bool:
        return bool(self.copies(f"To: {address}"))

    def wait_for(self, address: str) -> None:
        wait_until("message on the other side", lambda: self.has(address))

    def wait_for_raw(self, address: str) -> bytes:
        """Return the one message to an address, as it arrived."""
        self.wait_for(address)
        [path] = self.copies(f"To: {address}")
        return self.host.read(path)
