"""The table of broken setups: how each comes about, which check finds it, and in which words.

In the words, {d} is the domain, {h} the host's name, {ip} its address, {s} the selector of its RSA key and {e} of the Ed25519 one,
{bl} the blocklist that its doctor asks, and {n} how many domains it has.
"""

from breaking import (
    OUTSIDE,
    SILENT,
    Broken,
    certificate,
    done,
    listed,
    no_way_out,
    postfix,
    reverse,
    self_signed,
    stopped,
    waiting,
    zone,
)
from posting import wait_for_rspamd
from publishing import ANOTHER_KEY, with_line, with_other, without

DOCTOR = "doctor@doctor.invalid"
KEYS = "/var/lib/mailpopbox-dkim"
LEDGER = "/var/lib/mailpopbox/ledger.sqlite"
UNCHECKED = "/etc/unbound/unbound.conf.d/unchecked.conf"

# The time of its arrival stands in the message's file.
AGED = (
    "systemctl stop postfix; cd /var/spool/postfix; then=$(date -d '3 days ago' +%s);"
    ' LC_ALL=C sed -i "s/T\\(.\\)[0-9]\\{{10\\}} /T\\1$then /" $(find deferred -type f);'
    " systemctl start postfix; sleep 2"
)

TABLE: dict[str, tuple[Broken, str, str]] = {
    # DNS
    "a wrong MX record": (
        zone(with_other(r"^(@\s+MX\s+).*$", r"\g<1>10 mx.elsewhere.test.")),
        "records",
        "The MX record at {d} is wrong: mail goes elsewhere (found: 10 mx.elsewhere.test).",
    ),
    "no SPF record": (zone(without(r'@\s+TXT\s+"v=spf1')), "records", "The SPF record at {d} is missing."),
    "two SPF records": (
        zone(with_line('@ TXT "v=spf1 a -all"')),
        "records",
        "The SPF record at {d} is wrong: only one may stand there; join them (found: v=spf1 a -all, v=spf1 mx -all).",
    ),
    "an SPF record that names others": (
        zone(with_other("v=spf1 mx", "v=spf1 include:bank.test")),
        "records",
        "The SPF record at {d} is wrong: mx is not in it (found: v=spf1 include:bank.test -all).",
    ),
    "a wrong DKIM key": (
        zone(with_other(r"^(\S+\._domainkey +TXT +.*p=)MIIB", r"\g<1>MIIC")),
        "records",
        "The DKIM record at {s}._domainkey.{d} is wrong: it is another key.",
    ),
    "signatures that nobody believes": (
        zone(without(r"s\d+e-\S+\._domainkey ")),
        "trip",
        "The signature of {d} ({e}, ed25519-sha256) is not believed: DNS has no key at {e}._domainkey.{d}.",
    ),
    "no DMARC record": (zone(without("_dmarc")), "records", "The DMARC record at _dmarc.{d} is missing."),
    "a TLSA record of another key": (
        zone(ANOTHER_KEY),
        "records",
        "The TLSA record at _25._tcp.{h} is wrong: ",
    ),
    "an MTA-STS record of another policy": (
        zone(with_other(r"^(_mta-sts .*id=)\w+", r"\g<1>20200101")),
        "records",
        "The MTA-STS record at _mta-sts.{d} is wrong: ",
    ),
    "an address that is not the host's": (
        zone(with_other(r"^(mx\s+A\s+).*$", r"\g<1>198.18.99.99")),
        "records",
        "The address at {h} is wrong: these are not the host's addresses (found: 198.18.99.99).",
    ),
    "no reverse DNS": (
        reverse(without("@ PTR")),
        "reverse",
        "The address {ip} has no reverse DNS.",
    ),
    "another name in reverse DNS": (
        reverse(with_other(r"^@ PTR.*$", "@ PTR host.elsewhere.test.")),
        "reverse",
        "Reverse DNS calls {ip} host.elsewhere.test, and not {h}.",
    ),
    "another name when it sends": (
        postfix("smtp_helo_name=localhost.localdomain"),
        "reverse",
        "The server calls itself localhost.localdomain when it sends (HELO), and not {h}.",
    ),
    "on a blocklist": (
        listed,
        "blocklists",
        "{ip} is listed in {bl} (127.0.0.2), so many refuse mail from it.",
    ),
    "a resolver that is dead": (
        SILENT,
        "resolver",
        "The resolver 127.0.0.1 does not answer: 127.0.0.1 did not answer in time.",
    ),
    # By domain-insecure it would go on checking signed.test, whose key is named.
    "a resolver that checks nothing": (
        done(
            f"echo 'server: module-config: iterator' >{UNCHECKED}; systemctl restart unbound",
            f"rm {UNCHECKED}; systemctl restart unbound",
        ),
        "resolver",
        (
            "The resolver 127.0.0.1 does not check DNSSEC, so DANE is not honoured: mail leaves unprotected to domains"
            " that publish it."
        ),
    ),
    "no way out": (
        no_way_out,
        "outside",
        f"Port 25 to the outside is closed ({OUTSIDE}: No route to host), so no mail leaves.",
    ),
    # The certificate and the ports
    "a certificate that has expired": (
        certificate("{h}", when="2020-01-01", days=30),
        "certificate",
        "The certificate expired on 2020-01-31 00:00.",
    ),
    "a certificate for another name": (
        certificate("other.test"),
        "certificate",
        "The certificate is for other.test, and not for {h}.",
    ),
    "another certificate on one port": (
        done(
            f"{self_signed('{h}')}; cat /srv/key /srv/crt >/srv/other.pem; cp /etc/postfix/master.cf /srv/;"
            " postconf -P submissions/inet/smtpd_tls_chain_files=/srv/other.pem; postfix reload; sleep 1",
            "cp /srv/master.cf /etc/postfix/; postfix reload",
        ),
        "certificate",
        "Port 465 shows another certificate than the one in /etc/mailpopbox/tls/server.pem.",
    ),
    "old TLS": (
        postfix(
            "smtpd_tls_protocols=>=TLSv1",
            "tls_medium_cipherlist=aNULL:-aNULL:HIGH:MEDIUM:@STRENGTH:@SECLEVEL=0",
        ),
        "tls",
        "Port 25 accepts TLS 1.1, which is broken.",
    ),
    "no TLS": (
        postfix("smtpd_tls_security_level=none"),
        "tls",
        "Port 25 offers no TLS, so passwords and mail would go in clear text.",
    ),
    "port 465 closed": (
        done(
            "cp /etc/postfix/master.cf /srv/; postconf -MX submissions/inet; postfix reload; sleep 1",
            "cp /srv/master.cf /etc/postfix/; postfix reload",
        ),
        "ports",
        "Nobody answers on port 465 (sending): connection refused.",
    ),
    "an open relay": (
        postfix(
            "mynetworks=0.0.0.0/0",
            "smtpd_relay_restrictions=permit_mynetworks, reject_unauth_destination",
        ),
        "relay",
        "The server is an open relay: at {ip} it takes mail from <stranger@example.net> to <victim@example.org>.",
    ),
    "a network that need not log in": (
        postfix(
            "mynetworks=127.0.0.0/8 203.0.113.0/24",
            "smtpd_relay_restrictions=permit_mynetworks, reject_unauth_destination",
        ),
        "relay",
        "Whoever is in 203.0.113.0/24 sends through this server without a login, as any sender.",
    ),
    # The host
    "Rspamd stopped": (
        stopped("rspamd", wait_for_rspamd),
        "services",
        "Rspamd does not run (inactive), so mail waits with its senders.",
    ),
    "the milter stopped": (
        stopped("mailpopbox-milter"),
        "services",
        "The milter does not run (inactive), so mail waits with its senders.",
    ),
    "the milter hangs": (
        done(
            "systemctl kill --signal=STOP mailpopbox-milter",
            "systemctl kill --signal=CONT mailpopbox-milter",
        ),
        "milters",
        "The milter does not answer (no answer in time), so mail waits with its senders.",
    ),
    "Dovecot stopped": (
        stopped("dovecot"),
        "services",
        "Dovecot does not run (inactive), so nobody can fetch mail, or log in to send.",
    ),
    "nobody looks up MTA-STS policies": (
        stopped("postfix-mta-sts-resolver"),
        "services",
        "The lookup of MTA-STS policies does not run (inactive), so mail to others waits in the queue.",
    ),
    "nobody tells Postfix of TLS policies": (
        stopped("mailpopbox-tls-policies"),
        "services",
        "The service of TLS policies does not run (inactive), so mail to others waits in the queue.",
    ),
    "nobody serves what mail programs and other servers look up": (
        stopped("nginx"),
        "services",
        "nginx does not run (inactive), so mail programs do not find their settings, and others not the policy for MTA-STS.",
    ),
    "a timer that does not run": (
        stopped("mailpopbox-tidy.timer"),
        "services",
        "The timer of `mailpopbox tidy` does not run (inactive), so the ledger forgets nothing.",
    ),
    "a message that is refused": (
        stopped("rspamd", wait_for_rspamd),
        "trip",
        "A message to oneself cannot be sent: 45",
    ),
    "a message that does not arrive": (
        done(
            "postconf -e defer_transports=virtual; postfix reload",
            "postconf -X defer_transports; postfix reload; postqueue -f; sleep 3",
        ),
        "trip",
        "A message to oneself was accepted, and does not arrive: {n} of {n} after 12 seconds.",
    ),
    "a message that cannot be fetched": (
        done(f"chmod 000 /var/vmail/{DOCTOR}", f"chmod 700 /var/vmail/{DOCTOR}"),
        "trip",
        "A message to oneself cannot be fetched: ",
    ),
    "a key that is missing": (
        done(f"mv {KEYS}/{{d}}/{{s}}.rsa.key /srv/", f"mv /srv/{{s}}.rsa.key {KEYS}/{{d}}/"),
        "keys",
        "There is no key to sign mail of {d} with, so it cannot leave.",
    ),
    "a full disk": (
        done(
            "mount -t tmpfs -o size=8m tmpfs /var/log; head -c 9m /dev/zero >/var/log/x || true",
            "umount /var/log",
        ),
        "disk",
        "The disk is full: 0 B of 8.4 MB are left at /var/log.",
    ),
    "mail that is held": (
        waiting("postsuper -h ALL"),
        "queue",
        "1 message is held in the queue, and will not leave.",
    ),
    "mail that waits long": (
        waiting(AGED),
        "queue",
        "Mail waits in the queue since 3d; 1 message in all.",
    ),
    "a ledger that is torn": (
        done(
            f"systemctl stop mailpopbox-milter; mv {LEDGER} /srv/; mv {LEDGER}-* /srv/ || true;"
            f" head -c 9999 /dev/zero | tr '\\0' x >{LEDGER}",
            "mv /srv/ledger.sqlite* /var/lib/mailpopbox/; systemctl start mailpopbox-milter",
        ),
        "ledger",
        "The ledger is broken, so mail waits with its senders: ",
    ),
}  # fmt: skip
