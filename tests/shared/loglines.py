"""What Postfix 3.7 logs of delivering, as it was caught there; names are others."""

import json

AT = 1_795_838_446
CIPHER = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519"
MX = "mx.example.net[198.51.100.9]"
MX_6 = "mx.example.net[2001:db8::9]"
BACKUP = "backup.example.net[198.51.100.10]"


def established(server: str = MX, how: str = "Verified") -> str:
    return f"{how} TLS connection established to {server}:25: {CIPHER}"


def sent(
    to: str = "jane@example.net", server: str = MX, queue_id: str = "C5C033E20C4", more: str = ""
) -> str:
    return (
        f"{queue_id}: to=<{to}>, relay={server}:25,{more} delay=0.07, delays=0/0/0.06/0, dsn=2.0.0,"
        " status=sent (250 2.0.0 Ok: queued as D538D3E20A5)"
    )


def deferred(why: str, to: str = "jane@example.net", queue_id: str = "C5C033E20C4") -> str:
    return (
        f"{queue_id}: to=<{to}>, relay={MX}:25, delay=0.02, delays=0.01/0/0.02/0, dsn=4.7.5,"
        f" status=deferred ({why})"
    )


UNVERIFIED = "Server certificate not verified"
NOT_OFFERED = f"TLS is required, but was not offered by host {MX}"
REFUSED = (
    f"TLS is required, but host {MX} refused to start TLS: 454 4.7.0 TLS not available due to local"
    " problem"
)
ALERT = (
    "warning: TLS library problem: error:0A00042E:SSL routines::tlsv1 alert protocol version:"
    "../ssl/record/rec_layer_s3.c:1602:SSL alert number 70:"
)
HANDSHAKE = (f"SSL_connect error to {MX}:25: -1", ALERT)
NO_HANDSHAKE = "Cannot start TLS: handshake failure"


def doubted(why: str, kind: str = "server ") -> tuple[str, str]:
    return (
        f"{kind}certificate verification failed for {MX}:25: {why}",
        established(how="Untrusted"),
    )


def journal_line(message: str, at: float = AT, process: int = 2757) -> str:
    """Return a line as journalctl prints it."""
    return json.dumps(
        {
            "__REALTIME_TIMESTAMP": str(int(at * 1_000_000)),
            "SYSLOG_IDENTIFIER": "postfix/smtp",
            "SYSLOG_PID": str(process),
            "MESSAGE": message,
        }
    )
