"""Which address, and which mailbox, is meant on the command line."""

from dataclasses import dataclass

from mailpopbox.addresses import ascii_domain
from mailpopbox.commands.command import to_repair
from mailpopbox.config import Config, Mailbox
from mailpopbox.counting import listed
from mailpopbox.passage import canonical
from mailpopbox.submission import domain_of


@dataclass(frozen=True, slots=True)
class Alias:
    """An address of this host, as it was written, and the mailbox in which its mail arrives."""

    spelled: str
    mailbox: Mailbox

    @property
    def address(self) -> str:
        return self.spelled.lower()

    @property
    def login(self) -> str:
        return self.mailbox.login


def mailbox_named(login: str | None, config: Config) -> Mailbox:
    """Return the mailbox that is named, or the only one."""
    if login is None and len(config.mailboxes) == 1:
        return config.mailboxes[0]
    logins = [each.login for each in config.mailboxes]
    if login is None:
        raise to_repair(f"There are several mailboxes; add --login and one of {listed(logins)}.")
    if login.lower() not in logins:
        raise to_repair(f"{login} is no mailbox here; write --login {' or '.join(logins)}.")
    return config.mailboxes[logins.index(login.lower())]


def alias_named(text: str, config: Config, login: str | None = None) -> Alias:
    """Return the alias that is meant by an address, or by its part before the @."""
    spelled = canonical(text if "@" in text else f"{text}@{_domain(text, config, login)}")
    local, _, domain = spelled.rpartition("@")
    if not local or not local.isprintable() or set(local) & set(" *?"):
        raise to_repair(
            f"{text!r} is no address. Write one like shop@{domain_of(config.mailboxes[0].login)};"
            " patterns stand in the configuration (blocked: …)."
        )
    mailbox = config.mailbox_of(spelled)
    if mailbox is None and (admin := config.receiver_of(spelled)):
        raise to_repair(
            f"{spelled} is an address of the server itself, whose mail always arrives in {admin}."
            f" It stands in: mailpopbox addresses --login {admin}"
        )
    if not ascii_domain(domain) or mailbox is None:
        raise to_repair(f"{spelled} is no address of this host. {_hint(config)}")
    if login is not None and mailbox_named(login, config) != mailbox:
        raise to_repair(f"Mail for {spelled} arrives in {mailbox.login}, not in {login}.")
    return Alias(spelled, mailbox)


def _domain(local: str, config: Config, login: str | None) -> str:
    """Return the domain that belongs to a part before the @: as with tags, that of the login."""
    if login is None and len(config.mailboxes) > 1:
        example = domain_of(config.mailboxes[0].login)
        raise to_repair(
            f"There are several mailboxes; write the whole address, like {local}@{example}."
        )
    return domain_of(mailbox_named(login, config).login)


def _hint(config: Config) -> str:
    domains = list(dict.fromkeys(each for box in config.mailboxes for each in box.domains))
    if not domains:
        addresses = [each for box in config.mailboxes for each in (box.login, *box.addresses)]
        return f"It has {listed(addresses)}."
    return f"Its domains are {listed(domains)}." if domains[1:] else f"Its domain is {domains[0]}."
