"""The tables of the ledger, and how older ones become them.

Times are seconds since 1970, days are days since then. No Subject and no body is kept anywhere, of
a Message-ID only a digest, of who wrote only the domain. Whole senders are kept only as exceptions,
as the owner names them.
"""

from collections.abc import Sequence

from mailpopbox.ledger import LedgerError
from mailpopbox.ledger.engine import Connection, Engine

# Each brings the schema from its place in this list to the next. What is released never changes.
MIGRATIONS = (
    """
    CREATE TABLE mailbox (
        login TEXT PRIMARY KEY,
        -- since when it takes new mail for known addresses only
        frozen_at BIGINT,
        -- makes the suffixes of signed addresses
        signing_key {octets}
    );

    CREATE TABLE address (
        id {id},
        login TEXT NOT NULL,
        -- in lower case, the domain as DNS spells it
        address TEXT NOT NULL,
        -- as it was first seen, which is how it goes out
        spelled TEXT NOT NULL,
        first_used BIGINT,
        last_used BIGINT,
        last_sent BIGINT,
        received BIGINT NOT NULL DEFAULT 0,
        sent BIGINT NOT NULL DEFAULT 0,
        -- the domain of who wrote to it first
        first_domain TEXT NOT NULL DEFAULT '',
        display_name TEXT NOT NULL DEFAULT '',
        blocked_at BIGINT,
        expires_at BIGINT,
        reason TEXT NOT NULL DEFAULT '',
        UNIQUE (login, address)
    );

    -- who gets through to a blocked address: address@domain, or @domain with all below it
    CREATE TABLE exception (
        address BIGINT NOT NULL REFERENCES address ON DELETE CASCADE,
        sender TEXT NOT NULL,
        PRIMARY KEY (address, sender)
    ) {slim};

    CREATE TABLE correspondent (
        address BIGINT NOT NULL REFERENCES address ON DELETE CASCADE,
        domain TEXT NOT NULL,
        first_used BIGINT NOT NULL,
        last_used BIGINT NOT NULL,
        received BIGINT NOT NULL,
        PRIMARY KEY (address, domain)
    ) {slim};

    -- by far the largest, so it has nothing that could be left out
    CREATE TABLE message (
        digest {octets} NOT NULL,
        address BIGINT NOT NULL,
        day BIGINT NOT NULL,
        PRIMARY KEY (digest, address)
    ) {slim};
    """,
    """
    -- What came since `tidy` ran last. Digests are random: in the large table each would change a
    -- page of its own, in this one they share pages, and writing is as fast as into an empty one.
    CREATE TABLE recent (
        digest {octets} NOT NULL,
        address BIGINT NOT NULL,
        day BIGINT NOT NULL,
        PRIMARY KEY (digest, address)
    ) {slim};

    -- a message that came again may be in both
    CREATE VIEW known AS
        SELECT digest, address, day FROM message
        UNION ALL SELECT digest, address, day FROM recent;
    """,
)


def migrate(connection: Connection, engine: Engine, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Make the tables what this version needs; nothing happens if they are."""
    if _version(connection, engine) == len(migrations):
        return
    connection.run(engine.begin)
    # Somebody else may just have done it.
    version = _version(connection, engine)
    if version > len(migrations):
        raise LedgerError(
            f"{engine.shown}: written by a newer mailpopbox (schema {version}, this one knows"
            f" {len(migrations)}); update this host"
        )
    if version == 0:
        connection.run("CREATE TABLE version (number BIGINT NOT NULL)")
        connection.run("INSERT INTO version VALUES (0)")
    for migration in migrations[version:]:
        for statement in migration.format_map(engine.words).split(";"):
            if statement.strip():
                connection.run(statement)
    connection.run("UPDATE version SET number = ?", [len(migrations)])
    connection.run("COMMIT")


def _version(connection: Connection, engine: Engine) -> int:
    if not connection.run(engine.has_schema):
        return 0
    [(number,)] = connection.run("SELECT number FROM version")
    return int(number)
