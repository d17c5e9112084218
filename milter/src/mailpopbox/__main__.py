"""`python3 -m mailpopbox`, which is how the server runs it from a plain folder."""

import sys

from mailpopbox.cli import main

sys.exit(main())
