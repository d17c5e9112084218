#!/usr/bin/python3
"""The Python that Ansible finds in the containers of tests: it keeps what it has compiled.

With each task Ansible sends some hundred of its own modules in a ZIP file, which Python compiles
anew. That is a quarter of all the time that Ansible takes.

    ansible-python [FILE …]   run a program, by default from standard input
"""

import hashlib
import marshal
import os
import sys
import zipimport
from pathlib import Path
from types import CodeType

KEPT = Path("/var/cache/ansible-python")

compiled_anew = zipimport._compile_source  # type: ignore[attr-defined]


def compiled_once(path: str, source: bytes) -> CodeType:
    kept = KEPT / hashlib.sha256(source).hexdigest()
    try:
        code: CodeType = marshal.loads(kept.read_bytes())
    except FileNotFoundError:
        code = compiled_anew(path, source)
        KEPT.mkdir(exist_ok=True)
        # Another task may come to the same.
        draft = kept.with_suffix(f".{os.getpid()}")
        draft.write_bytes(marshal.dumps(code))
        draft.rename(kept)
    return code


zipimport._compile_source = compiled_once  # type: ignore[attr-defined]
sys.argv = sys.argv[1:] or ["-"]
program = sys.stdin.read() if sys.argv[0] == "-" else Path(sys.argv[0]).read_text("utf-8")
exec(compile(program, sys.argv[0], "exec"))
