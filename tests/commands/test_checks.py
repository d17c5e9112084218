"""The checks of the doctor that look at the host, and at what others meet there."""

import threading
from collections.abc import Sequence

import pytest
from mailpopbox.doctor.doors import Trick
from mailpopbox.examining import checks, gathering, knocking
from mailpopbox.found import Unknown
from mailpopbox.ledger.store import engine_for
from mailpopbox.renewal import Renewal, kept
from patients import DOORS, HERE, WEB, Server
from speakers import Speaker, certificate

# --- The host ---


def test_services(server: Server) -> None:
    assert server.found("services") == [
        ("good", "Postfix, Dovecot, the milter, Rspamd, the timer of `mailpopbox tidy` and the timer of the doctor run."),
    ]  # fmt: skip
    server.program("systemctl", "printf 'ActiveState=failed\\nSubState=failed\\n'")
    server.configure(resolver=True, mta_sts=True, web=True, daily=False, tls="acme")
    found = [sentence for _, sentence in server.found("services")]
    assert [each.partition(" does")[0] for each in found[4:]] == [
        "The resolver", "The lookup of MTA-STS policies", "The service of TLS policies", "nginx",
        "The timer of `mailpopbox tidy`", "The timer of the certificate"
    ]  # fmt: skip


def test_milters(server: Server) -> None:
    assert [state for state, _ in server.found("milters")] == ["bad", "bad"]


def test_the_queue(server: Server) -> None:
    assert server.found("queue") == [("good", "The queue is empty.")]


def test_the_disk(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(server.folder), "/nonexistent", str(server.folder / "programs")]
    monkeypatch.setattr(checks, "_FILE_SYSTEMS", paths)
    assert [space.path for space in checks._spaces()] == [str(server.folder)]  # noqa: SLF001
    assert len(server.found("disk")) >= 1


def test_the_clock(server: Server) -> None:
    assert server.found("clock") == [("good", "Nobody is asked for the time, as the settings say.")]
    server.configure(clock="127.0.0.9")
    [(state, sentence)] = server.found("clock")
    assert (state, sentence[:24]) == ("unknown", "Nobody tells the right t")


def test_the_ledger(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    [(state, sentence)] = server.found("ledger")
    shown = engine_for(server.host.place).shown
    assert (state, sentence) == ("good", f"The ledger can be read: {shown}.")
    for found, state in ((Unknown("torn", is_wrong=True), "bad"), (Unknown("late"), "unknown")):
        monkeypatch.setattr(gathering, "ledger_state", lambda _desk, found=found: found)
        assert [each for each, _ in server.found("ledger")] == [state]


# --- What others meet ---


def test_doors(server: Server) -> None:
    with server.spoken(**DOORS):
        assert server.found("ports") == [("good", "Ports 25, 465, 587 and 995 answer.")]
        assert [state for state, _ in server.found("tls")] == ["good"]
        [(state, sentence)] = server.found("certificate")
    assert (state, sentence[:30]) == ("good", "The certificate is for mx.exam")
    assert sentence.endswith(" It is self-signed, as the settings say.")
    server.dns.write_text(server.dns.read_text() + "pop3_starttls: true\n")
    with server.spoken(**DOORS):
        assert [sentence[:30] for _, sentence in server.found("ports")] == [
            "Nobody answers on port 110 (PO"
        ]


def test_a_certificate_from_elsewhere(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.configure(tls="files")
    with server.spoken(**DOORS):
        [(state, sentence)] = server.found("certificate")
    assert (state, sentence[:60]) == (
        "warning",
        "Mail programs will not trust the certificate: self-signed ce",
    )
    monkeypatch.setattr(gathering, "ACME_STATE", server.folder / "acme.json")
    (server.folder / "acme.json").write_text(kept(Renewal(1, "no answer", 1)))
    server.configure(tls="acme")
    sentences = [sentence for _, sentence in server.found("certificate")]
    assert sentences == [
        "The certificate is self-signed: the authority has given none yet.",
        "The certificate is self-signed until the authority gives one: no answer.",
    ]
    monkeypatch.setattr(gathering, "CERTIFICATE", server.folder / "none.pem")
    server.configure()
    assert [state for state, _ in server.found("certificate")] == ["unknown"]


def test_who_signed_it(server: Server) -> None:
    chain = checks._chain  # noqa: SLF001
    assert chain().startswith("self-signed certificate")
    server.program("openssl", "echo cannot load; exit 2")
    assert chain() == "cannot load"
    server.program("openssl", "echo OK")
    assert chain() == ""


def test_what_is_served_over_https(server: Server) -> None:
    assert server.found("web") == [("good", "Nothing is served over HTTPS, as the settings say.")]
    server.configure(web=True)
    with server.spoken(**DOORS, p443=WEB):
        assert server.found("ports") == [("good", "Ports 25, 465, 587, 995 and 443 answer.")]
        assert [state for state, _ in server.found("tls")] == ["good"]
        assert [state for state, _ in server.found("certificate")] == ["good"]
        # The certificate has one name, and while it is self-signed, no policy is looked for.
        assert [sentence[:52] for _, sentence in server.found("web")] == [
            "The certificate is not for autoconfig.example.com, s"
        ]
        certificate(server.folder, "mx.example.com,DNS:autoconfig.example.com")
        [(state, sentence)] = server.found("web")
        assert (state, sentence[:17]) == ("good", "2 files are serve")
        certificate(server.folder, "*.example.com")
        server.configure(web=True, tls="files")
        [(state, sentence)] = server.found("web")
        assert (state, sentence[:17]) == ("good", "3 files are serve")


def test_an_open_relay(server: Server) -> None:
    server.dns.write_text(server.dns.read_text() + f"addresses: [{HERE}]\n")
    with server.spoken(**DOORS):
        assert [state for state, _ in server.found("relay")] == ["good"]
    with server.spoken(p25=Speaker()):
        assert [state for state, _ in server.found("relay")] == ["bad"]


def test_networks_without_a_login(server: Server) -> None:
    server.dns.write_text(server.dns.read_text() + f"addresses: [{HERE}]\n")
    server.program("postconf", "echo permit_mynetworks; echo 203.0.113.0/24")
    with server.spoken(**DOORS):
        [(state, sentence)] = server.found("relay")
    assert state == "bad"
    assert sentence.startswith("Whoever is in 203.0.113.0/24 sends through this server")
    server.program("postconf", "exit 1")
    with server.spoken(**DOORS):
        assert [state for state, _ in server.found("relay")] == ["unknown"]


def test_all_addresses_are_tried_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each, postscreen lets strangers wait."""
    addresses = [f"198.51.100.{number}" for number in range(1, 9)]
    all_there = threading.Barrier(len(addresses))

    def taken(_address: str, _tricks: Sequence[Trick]) -> Sequence[Trick]:
        all_there.wait(timeout=5)
        return ()

    monkeypatch.setattr(knocking, "taken", taken)
    server.dns.write_text(server.dns.read_text() + f"addresses: {addresses}\n")
    assert [state for state, _ in server.found("relay")] == ["good"]
