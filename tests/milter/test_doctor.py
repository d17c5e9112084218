"""The doctor sends as every address of the server, to itself only, and nobody remembers it."""

from dataclasses import replace

import pytest
from judging import CONFIG
from mailpopbox.config import parse
from mailpopbox.gate import refusal_by_doctor
from mailpopbox.ledger import NothingKnown
from mailpopbox.message import SetSender, Transaction
from mailpopbox.passage import passage_of
from mailpopbox.rules import decide

DOCTOR = "doctor@doctor.invalid"
WITH = replace(CONFIG, doctor=DOCTOR)
LOGIN = CONFIG.mailboxes[0].login
ALIAS = f"shop@{CONFIG.mailboxes[0].domains[0]}"


def submitted(login: str, tag: str) -> Transaction:
    headers = (("From", login), ("To", DOCTOR), ("Subject", f"x [sendas:{tag}]"))
    return Transaction(headers, login, (DOCTOR,), login, "token")


@pytest.mark.parametrize(
    ("recipient", "login", "refused"),
    [
        (DOCTOR, DOCTOR, ""),
        ("Doctor@Doctor.Invalid", DOCTOR.upper(), ""),
        (LOGIN, None, ""),
        (LOGIN, LOGIN, ""),
        (DOCTOR, None, "5.1.1"),
        (DOCTOR, LOGIN, "5.7.1"),
        (LOGIN, DOCTOR, "5.7.1"),
        ("friend@example.org", DOCTOR, "5.7.1"),
    ],
)
def test_who_writes_to_whom(recipient: str, login: str | None, refused: str) -> None:
    refusal = refusal_by_doctor(recipient, login, WITH)
    assert (refusal.enhanced if refusal else "") == refused


@pytest.mark.parametrize("login", ["", None, LOGIN])
@pytest.mark.parametrize("recipient", ["", LOGIN, DOCTOR])
def test_where_there_is_no_doctor(recipient: str, login: str | None) -> None:
    assert refusal_by_doctor(recipient, login, CONFIG) is None


def test_it_leaves_as_any_address_of_the_server() -> None:
    transaction = submitted(DOCTOR, ALIAS)
    decision = decide(transaction, WITH, NothingKnown())
    assert decision.refusal is None
    assert SetSender(ALIAS) in decision.changes
    assert passage_of(transaction, decision, WITH).uses == ()


def test_it_leaves_as_no_address_of_others() -> None:
    refusal = decide(submitted(DOCTOR, "somebody@elsewhere.example"), WITH, NothingKnown()).refusal
    assert refusal
    assert refusal.enhanced == "5.7.1"


def test_nobody_else_gets_its_rights() -> None:
    refusal = decide(submitted(LOGIN, DOCTOR), WITH, NothingKnown()).refusal
    assert refusal
    for login in (DOCTOR, ""):
        refusal = decide(submitted(login, ALIAS), CONFIG, NothingKnown()).refusal
        assert refusal
        assert refusal.code == 451


def test_its_name_in_the_configuration() -> None:
    box = {"login": LOGIN, "domains": [LOGIN.rpartition("@")[2]]}
    minimal = {"socket": "/run/m.sock", "hostname": "mx.example.com", "mailboxes": [box]}
    assert parse(minimal | {"doctor": DOCTOR.title()}).doctor == DOCTOR
    assert parse(minimal).doctor == ""
