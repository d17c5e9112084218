"""Where the keys of DKIM lie, for the commands that look at them."""

import argparse
from pathlib import Path

FOLDER = Path("/var/lib/mailpopbox-dkim")


def add_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keys",
        type=Path,
        default=FOLDER,
        metavar="FOLDER",
        help="where the keys of DKIM lie (default: %(default)s)",
    )
