"""The rules: a pure function from a message and the configuration to a decision.

No clock, file, log or pymilter in here, nor in what it asks, so that tables can test all of it
without a server. The numbers are those of docs/sending-as.md.
"""

from collections.abc import Iterable

from mailpopbox import results, thread
from mailpopbox import subject as subjects
from mailpopbox.changes import Outgoing, changes_of
from mailpopbox.config import Config
from mailpopbox.headers import among, numbered
from mailpopbox.identity import Identity, identity_of, read_from
from mailpopbox.ledger import Ledger
from mailpopbox.message import AddHeader, Decision, SetHeader, Step, Transaction
from mailpopbox.submission import Finding, RefusedError, Submission, quoted, removals, unclear

# Postfix hands over no more of a header, and cuts what a milter makes longer.
_LONGEST_HEADER = 54_000
# No character has more than four octets.
_SURELY_SHORT = _LONGEST_HEADER // 4


def decide(transaction: Transaction, config: Config, ledger: Ledger) -> Decision:
    """Say what has to change in a message, or why it is refused."""
    if transaction.login is None:
        return _came_in(transaction, config)
    login = transaction.login.lower()
    headers = tuple(numbered(transaction.headers))
    submission = Submission(transaction, config, ledger, login, headers)
    try:
        identity, findings = _rewritten(submission)
    except RefusedError as refused:
        return Decision(refusal=refused.refusal, steps=(Step(refused.rule, refused.refusal.text),))
    return Decision(
        changes=tuple(change for finding in findings for change in finding.changes),
        address=identity.address,
        steps=tuple(Step(finding.rule, finding.text) for finding in findings),
    )


def _came_in(transaction: Transaction, config: Config) -> Decision:
    headers = list(numbered(among(transaction.headers, "message-id", results.KEY)))
    forged = tuple(results.forged(headers, config.hostname))
    steps = [Step(1, "It was not submitted by a login, so it stays as it is.")]
    if forged:
        text = "It claims to have been judged by this server already."
        steps.append(Step(results.RULE, text))
    found = [header for header in headers if header.key == "message-id"]
    if thread.is_answerable(found):
        return Decision(forged, steps=tuple(steps))
    # Else the answer to it would name no id, or another one, and leave as the login.
    made = f"<{transaction.token}@{config.hostname}>"
    change = SetHeader(found[0].name, 1, made) if found else AddHeader("Message-ID", made)
    steps.append(Step(19, "It gets a Message-ID by which the answer to it will be known."))
    return Decision((change, *removals(found[1:]), *forged), steps=tuple(steps))


def _rewritten(submission: Submission) -> tuple[Identity, list[Finding]]:
    if not submission.owns(submission.login):
        login = quoted(submission.login)
        text = f"The mail server does not know {login} yet. Try again later."
        raise RefusedError(2, 451, "4.3.0", text)
    _check_length(submission.transaction.headers)
    subject = subjects.read(submission)
    sender = read_from(submission)
    identity = identity_of(submission, subject, sender)
    _check_receipt(submission, identity)
    findings = [
        Finding(identity.rule, identity.text),
        *subjects.without_tags(submission, subject),
        *changes_of(Outgoing.of(submission, subject, sender, identity)),
    ]
    written = (change for finding in findings for change in finding.changes)
    _check_length((c.name, c.value) for c in written if isinstance(c, SetHeader | AddHeader))
    return identity, findings


def _check_receipt(submission: Submission, identity: Identity) -> None:
    """Refuse what mail programs send when a message was read: its body names the login."""
    wanted = identity.key == submission.login and identity.rule == thread.RULE
    for header in submission.named("content-type"):
        if "disposition-notification" in header.value.lower() and not wanted:
            raise unclear(
                23, "A read receipt names your login. Switch receipts off in your mail program."
            )


def _check_length(pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse a header that would be cut: nobody sees what stood behind, nor what it meant."""
    for name, value in pairs:
        if len(name) + len(value) < _SURELY_SHORT:
            continue
        if len(f"{name}: {value}".encode("utf-8", "surrogateescape")) > _LONGEST_HEADER:
            raise unclear(22, f"The header {quoted(name)} is too long. Shorten it.")
