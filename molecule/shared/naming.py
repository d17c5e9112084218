"""A Knot on a mail server, which serves zones, and may let somebody change them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from probe import Server

KEY_NAME, KEY_SECRET = "records", "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHM="
_FOLDER = "/run/knot-zones"
# Whoever has the key may read zones whole, and change them. Nothing is written back to the files.
_CONFIGURATION = """\
server:
    listen: {ip}@53
log:
  - target: syslog
    any: warning
key:
  - id: {key}
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: owner
    key: {key}
    action: [transfer, update]
template:
  - id: default
    storage: {folder}
    semantic-checks: on
    journal-content: none
    zonefile-sync: -1
    zonefile-load: whole
    acl: owner
zone:
{zones}"""


@contextmanager
def serving(server: Server, zones: Mapping[str, str]) -> Iterator[None]:
    """Serve zones, each a file's text by its name."""
    listed = "".join(f"  - domain: {zone}\n" for zone in zones)
    configuration = _CONFIGURATION.format(
        ip=server.variables["_ip"], key=KEY_NAME, secret=KEY_SECRET, folder=_FOLDER, zones=listed
    )
    server.run("mkdir", "-p", _FOLDER)
    for zone, text in zones.items():
        server.write(f"{_FOLDER}/{zone}.zone", text)
    server.write("/etc/knot/knot.conf", configuration)
    server.run("chown", "-R", "knot", _FOLDER, "/etc/knot/knot.conf")
    server.run("systemctl", "restart", "knot")
    try:
        yield
    finally:
        server.run("systemctl", "stop", "knot")


def served(server: Server, zone: str) -> set[str]:
    """Return the records of a zone as Knot has them now: name, type and value."""
    lines = server.run("knotc", "zone-read", zone).stdout.splitlines()
    words = (line.split(maxsplit=4) for line in lines)
    return {f"{name} {kind} {value}" for _, name, _, kind, value in words}
