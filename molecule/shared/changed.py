"""Servers that are told something else for a while."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import yaml
from leaving import MILTER_YML, config_of
from mailpopbox.config import Config, parse
from probe import Server

_USERS = "/etc/dovecot/users"


def is_deployed(server: Server, config: Config) -> bool:
    """Tell whether the server judges by this configuration; it may have more mailboxes."""
    deployed = config_of(server)
    return (
        deployed == replace(_settled(config, deployed), mailboxes=deployed.mailboxes)
        and deployed.mailboxes[: len(config.mailboxes)] == config.mailboxes
    )


def _settled(config: Config, deployed: Config) -> Config:
    """Return a configuration with the names and places of the server."""
    kept = {name: getattr(deployed, name) for name in ("socket", "hostname", "doctor")}
    # Some have no mailbox of that login.
    logins = {mailbox.login for mailbox in config.mailboxes}
    return replace(config, **kept, admin=deployed.admin if deployed.admin in logins else "")


@contextmanager
def configured(server: Server, config: Config) -> Iterator[None]:
    """Let the milter judge by another configuration; it reads the file when that changes."""
    if is_deployed(server, config):
        yield
        return
    wanted = _settled(config, config_of(server))
    boxes = [
        {key: value for key, value in asdict(box).items() if value} for box in wanted.mailboxes
    ]
    settings = {key: value for key, value in asdict(wanted).items() if value != ""}
    text = yaml.safe_dump(settings | {"mailboxes": boxes})
    assert parse(yaml.safe_load(text)) == wanted
    with _holding(server, MILTER_YML, text):
        yield


@contextmanager
def let_in(server: Server, logins: Iterable[str | None]) -> Iterator[None]:
    """Give logins that have no mailbox the password of the first one."""
    text = server.run("cat", _USERS).stdout
    hashes = dict(line.split(":", 1) for line in text.splitlines())
    strangers = {login.lower() for login in logins if login} - set(hashes)
    more = [f"{login}:{hashes[server.mailbox().login]}\n" for login in sorted(strangers)]
    with _holding(server, _USERS, text + "".join(more)):
        yield


@contextmanager
def _holding(server: Server, path: str, text: str) -> Iterator[None]:
    """Let a file have another content, in place."""
    before = server.run("cat", path).stdout
    if text == before:
        yield
        return
    server.run("tee", path, stdin=text)
    try:
        yield
    finally:
        server.run("tee", path, stdin=before)
