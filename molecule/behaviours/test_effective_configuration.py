"""What is in force, as Postfix, Dovecot and the system tell it."""

import pytest
from probe import Server

# Guards that no knob may open.
POSTFIX = {
    "compatibility_level": "3.6",
    "disable_vrfy_command": "yes",
    "internal_mail_filter_classes": "bounce",
    "milter_default_action": "tempfail",
    "mydestination": "",
    "non_smtpd_milters": "unix:rspamd/milter.sock",
    "smtpd_client_event_limit_exceptions": "",
    "smtpd_forbid_bare_newline": "normalize",
    "smtpd_forbid_unauth_pipelining": "yes",
    "smtpd_helo_required": "yes",
    # Ours first: it says as which address a message leaves, and what leaves is signed.
    "smtpd_milters": "unix:mailpopbox/milter.sock, unix:rspamd/milter.sock",
    "smtpd_relay_restrictions": "reject_unauth_destination",
    "smtpd_sasl_auth_enable": "no",
    "smtpd_tls_auth_only": "yes",
    "smtpd_tls_mandatory_protocols": ">=TLSv1.2",
    "smtpd_tls_protocols": ">=TLSv1.2",
    "virtual_transport": "virtual",
}
# What both series print of their different languages.
DOVECOT = {
    12: {
        "auth_username_format": "%Lu",
        "disable_plaintext_auth": "yes",
        "shutdown_clients": "no",  # a reload drops no session
        "ssl": "required",
        "ssl_min_protocol": "TLSv1.2",
    },
    13: {
        "auth_allow_cleartext": "no",
        "auth_username_format": "%{user | lower}",
        "shutdown_clients": "no",  # a reload drops no session
        "ssl": "required",
        "ssl_min_protocol": "TLSv1.2",
    },
}


def test_postfix_guards_are_up(server: Server) -> None:
    assert server.postconf(*POSTFIX) == POSTFIX


def test_dovecot_guards_are_up(server: Server) -> None:
    wanted = DOVECOT[server.release]
    assert server.doveconf(*wanted) == wanted


@pytest.mark.parametrize(
    "command",
    [
        "postfix check",
        "rspamadm configtest",
        "postconf -n",
        "postconf -M",
        "doveconf -n",
        "systemd-analyze verify --man=no /etc/systemd/system/mailpopbox-*",
    ],
)
def test_nothing_is_complained_about(server: Server, command: str) -> None:
    assert server.run("sh", "-c", command).stderr == ""


def test_nothing_listens_but_what_must(server: Server) -> None:
    """By IPv6 exactly what by IPv4, or nothing; the resolver for the host alone."""
    lines = server.run("ss", "-Hltn").stdout.splitlines()
    found = {line.split()[3].rpartition(":") for line in lines}
    resolver = {("127.0.0.1", ":", "53")} if server.setting("resolver") else set()
    assert resolver <= found
    found -= resolver
    ports = {25, 465, 587, 995} | ({110} if server.setting("pop3_starttls") else set())
    ports |= {443} if server.setting("web") else set()
    assert {int(port) for address, _, port in found if not address.startswith("[")} == ports
    by_ipv6 = {int(port) for address, _, port in found if address.startswith("[")}
    assert by_ipv6 == (ports if server.setting("ipv6") else set())
