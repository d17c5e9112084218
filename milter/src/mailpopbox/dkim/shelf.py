"""The keys on the disk, readable for root and Rspamd only.

`DOMAIN/SELECTOR.ALGORITHM.key` is a private key, `.pub` beside it the public one. The latter comes
last, so a key that has one is whole.
"""

import base64
import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailpopbox.dkim.state import Domain, Key, StateError, parse, path_of, render
from mailpopbox.dns.keys import DkimKey, KeyFileError, dkim_key
from mailpopbox.dns.records import Record, dkim_record
from mailpopbox.programs import run

_NAME = re.compile(r"([a-z0-9-]+)\.(rsa|ed25519)\.pub")
_OPTIONS = {"rsa": ["-pkeyopt", "rsa_keygen_bits:2048"], "ed25519": []}
_SEED_OCTETS = 32
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder with the keys of all domains, and the file that says which of them sign."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "signing.yml"

    def domains(self) -> dict[str, Domain]:
        """Return what is known of each domain, with its keys on the disk."""
        try:
            text = self.file.read_text()
        except FileNotFoundError:
            text = ""
        try:
            known = parse(text)
        except StateError as error:
            raise OSError(f"{self.file}: {error}; restore it from a backup") from error
        names = {*known, *(path.name for path in self.folder.glob("*/"))}
        return {
            name: known.get(name, Domain()).with_keys(self._found(name)) for name in sorted(names)
        }

    def _found(self, name: str) -> Iterator[Key]:
        for path in sorted((self.folder / name).glob("*.pub")):
            if match := _NAME.fullmatch(path.name):
                yield Key(match[1], match[2])

    def lost(self, name: str, domain: Domain) -> tuple[Key, ...]:
        """Return the keys that should sign, and that Rspamd does not find."""
        paths = {key: path_of(self.folder, name, key, for_rspamd=True) for key in domain.signing}
        return tuple(key for key, path in paths.items() if not path.exists())

    def make(self, name: str, key: Key) -> None:
        """Make a key; one that is there is not touched."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        # Whatever the caller's umask: Rspamd, whose group it has from above, goes in.
        folder.chmod(0o2750)
        private = path_of(self.folder, name, key)
        public = private.with_suffix(".pub")
        if public.exists():
            return
        pem = _openssl("genpkey", "-algorithm", key.algorithm, *_OPTIONS[key.algorithm])
        self._write(private, pem)
        if key.algorithm == "ed25519":
            self._write(path_of(self.folder, name, key, for_rspamd=True), f"{_seed(pem)}\n")
        self._write(public, _openssl("pkey", "-pubout", given=pem), mode=0o644)

    def delete(self, name: str, key: Key) -> None:
        """Delete a key, its public half last: until then it is known as what it was."""
        private = path_of(self.folder, name, key)
        for ending in (".key", ".seed", ".pub"):
            private.with_suffix(ending).unlink(missing_ok=True)

    def save(self, domains: Mapping[str, Domain]) -> None:
        """Put another choice of keys in force, in one step."""
        signing = {name: domain for name, domain in domains.items() if domain.signing}
        self._write(self.file, render(signing, self.folder))

    def public(self, name: str, key: Key) -> DkimKey:
        path = path_of(self.folder, name, key).with_suffix(".pub")
        try:
            return dkim_key(key.selector, key.algorithm, path.read_text("ascii", "replace"))
        except KeyFileError as error:
            raise OSError(f"{path}: {error}; restore it from a backup") from error

    def needed(self, names: Iterable[str], now: int) -> dict[str, tuple[DkimKey, ...]]:
        """Return the keys that sign, those that are about to, and those whose mail is still read.

        By domain, without those that have none.
        """
        try:
            known = self.domains()
        except PermissionError as error:
            raise PermissionError(f"{self.folder}: no right to it; run this as root.") from error
        found = {name: known[name].needed(now) for name in names if name in known}
        return {
            name: tuple(self.public(name, key) for key in keys)
            for name, keys in found.items()
            if keys
        }

    def record(self, name: str, key: Key) -> Record:
        """Return what has to stand in DNS for a key."""
        return dkim_record(name, self.public(name, key))

    def _write(self, path: Path, text: str, mode: int = 0o640) -> None:
        """Write a file of its folder's group, on disk before it appears."""
        temporary = path.with_name(f".{path.name}.new")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchown(handle, -1, self.folder.stat().st_gid)
            os.fchmod(handle, mode)
            file.write(text.encode())
            file.flush()
            os.fsync(handle)
        temporary.rename(path)
        _sync(path.parent)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else change anything meanwhile."""
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _seed(pem: str) -> str:
    """Return what an Ed25519 key follows from: the last octets of its PKCS #8 form."""
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    return base64.b64encode(der[-_SEED_OCTETS:]).decode()


def _openssl(*words: str, given: str = "") -> str:
    ended = run(["openssl", *words], _SECONDS, given=given)
    if not ended.well:
        raise OSError(f"openssl {words[0]}: {ended.complaint.strip()}")
    return ended.printed
