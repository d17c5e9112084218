"""Each setting reaches the program that it is for."""

import json

from messages import letter, token
from probe import Server

POSTFIX = {
    "inet_protocols": "ipv4",
    "maximal_queue_lifetime": "2d",
    "bounce_queue_lifetime": "2d",
    "message_size_limit": "1048576",
    "smtpd_recipient_limit": "7",
    "smtpd_client_connection_count_limit": "15",
    "smtpd_client_connection_rate_limit": "240",
    "smtpd_client_message_rate_limit": "120",
    "smtpd_client_recipient_rate_limit": "180",
    "smtpd_client_auth_rate_limit": "60",
    "smtpd_soft_error_limit": "15",
    "smtpd_discard_ehlo_keywords": "etrn",
    "default_transport": "capture",
    "virtual_uid_maps": "static:5123",
    "virtual_minimum_uid": "5123",
}


def test_postfix(server: Server) -> None:
    assert server.postconf(*POSTFIX) == POSTFIX
    assert server.postconf("myhostname") == {"myhostname": server.hostname}
    assert server.run("postconf", "-M", "smtp/inet").stdout.split()[-1] == "smtpd"


def test_dovecot(server: Server) -> None:
    wanted = {"auth_failure_delay": "3 secs", "first_valid_uid": "5123", "last_valid_uid": "5123"}
    assert server.doveconf(*wanted) == wanted
    assert (
        server.run("doveconf", "-h", "-f", "protocol=pop3", "mail_max_userip_connections").stdout
        == "15\n"
    )


def test_milter(server: Server) -> None:
    lines = server.run("cat", "/etc/mailpopbox/milter.yml").stdout.splitlines()
    assert {"log_level: debug", "display_name: drop", "auto_sendas: false"} <= set(lines)


def test_a_display_name_is_dropped(server: Server) -> None:
    mailbox, word = server.mailbox(), token()
    mail = letter(word, sender=f"Alice <me@{mailbox.domains[0]}>", to=mailbox.login)
    server.send(mail, service="submissions", login=mailbox.login)
    assert server.wait_for_message(None, word)["From"] == f"me@{mailbox.domains[0]}"


def test_dns(server: Server) -> None:
    zones = json.loads(server.run("mailpopbox", "dns", "--values", "--json").stdout)["zones"]
    found = {
        (each["name"], each["type"]): each["value"] for zone in zones for each in zone["records"]
    }
    assert found[server.hostname, "A"] == "198.51.100.99"
    assert found["only.test", "MX"] == server.hostname
    assert ("elsewhere.test", "MX") not in found
    assert found["_pop3._tcp.example.com", "SRV"].endswith(f" 110 {server.hostname}")
    assert found["_dmarc.xn--bcher-kva.example", "TXT"].startswith("v=DMARC1; p=quarantine; ")


def test_the_doctor_asks_nobody_and_comes_when_called(server: Server) -> None:
    asking = ("blocklists", "outside", "clock")
    words = [word for name in ("services", *asking) for word in ("--only", name)]
    found = json.loads(server.run("mailpopbox", "doctor", "--json", *words).stdout)
    services, *others = [each["sentence"] for each in found["findings"]]
    assert "doctor" not in services
    assert [each.endswith(", as the settings say.") for each in others] == [True] * 3
    timer = server.run("systemctl", "is-active", "mailpopbox-doctor.timer", check=False)
    assert timer.stdout == "inactive\n"


def test_rspamd(server: Server) -> None:
    lines = server.run("rspamadm", "configdump", "actions").stdout.replace(";", "").split("\n")
    assert {"reject = 20", "add_header = 9"} <= {line.strip() for line in lines}
    rules = server.run("cat", "/etc/rspamd/rspamd.local.lua").stdout
    assert 'local policy = "monitor"' in rules
    assert "local suspicious, seconds, most = 19, 300," in rules
    assert 'trusted["lists.example.org"] = true' in rules


def test_no_resolver_of_its_own(server: Server) -> None:
    assert server.run("sh", "-c", "command -v unbound", check=False).stdout == ""


def test_two_signatures(server: Server) -> None:
    mailbox, word = server.mailbox(), token()
    mail = letter(word, sender=mailbox.login, to=mailbox.login)
    server.send(mail, service="submissions", login=mailbox.login)
    signatures = server.wait_for_message(None, word).get_all("DKIM-Signature", [])
    assert [("a=rsa-sha256" in each, "a=ed25519-sha256" in each) for each in signatures] == [
        (True, False),
        (False, True),
    ]


def test_reports_on_tls(server: Server) -> None:
    """Postfix of Debian 13 tells how TLS fared; that of Debian 12 logs it."""
    tells = server.release > 12
    assert ("smtp_tlsrpt_enable = yes\n" in server.run("postconf", "-n").stdout) == tells
    kind = "socket" if tells else "timer"
    units = [f"mailpopbox-tls-sessions.{kind}", "mailpopbox-tls-reports.timer"]
    assert server.run("systemctl", "is-active", *units).stdout.split() == ["active", "active"]
