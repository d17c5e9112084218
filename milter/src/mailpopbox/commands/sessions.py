"""Where the TLS sessions of each day are noted, for the commands that note and report them."""

import argparse
from pathlib import Path

FOLDER = Path("/var/lib/mailpopbox-tls-reports")


def add_sessions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sessions",
        type=Path,
        default=FOLDER,
        metavar="FOLDER",
        help="where the sessions of each day are noted (default: %(default)s)",
    )
