#!/usr/bin/python
"""Ansible module: the whole of a Dovecot passwd-file, with a bcrypt hash for each login."""

from __future__ import annotations

import ctypes
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: mailpopbox_users
short_description: Keep Dovecot's file of logins and password hashes
description:
  - Writes one line for each login and removes all others.
  - A hash stays as it is while it fits its password, so a second run changes nothing.
  - Passwords travel inside the module's arguments only, never on a command line.
options:
  path:
    description: The file.
    type: path
    required: true
  passwords:
    description: Passwords by login.
    type: dict
    required: true
extends_documentation_fragment: [ansible.builtin.files]
"""

SCHEME = "{BLF-CRYPT}"
# 2**10 rounds take some 50 ms, which a small host can afford at every login.
PREFIX, COST = b"$2y$", 10


def load_libcrypt() -> ctypes.CDLL:
    """Return the C library's hashing: Python dropped its own door to it in 3.13."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = library.crypt_gensalt.restype = ctypes.c_char_p
    library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    library.crypt_gensalt.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
    return library


def hashed(library: ctypes.CDLL, password: str, setting: bytes) -> str:
    result: bytes | None = library.crypt(password.encode(), setting)
    return result.decode() if result else ""


def fitting_hash(library: ctypes.CDLL, password: str, old: str) -> str:
    """Return the old hash if it is of our making and fits, else a new one."""
    if old.startswith(PREFIX.decode() + f"{COST}$") and hashed(library, password, old.encode()) == old:
        return old
    return hashed(library, password, library.crypt_gensalt(PREFIX, COST, None, 0))


def read_hashes(path: str) -> dict[str, str]:
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        entries = [line.rstrip("\n").split(":", 1) for line in file if ":" in line]
    return {login: value.removeprefix(SCHEME) for login, value in entries}


def lines(hashes: dict[str, str]) -> str:
    return "".join(f"{login}:{SCHEME}{hashes[login]}\n" for login in sorted(hashes))


def masked(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """Return a diff that tells which logins come, go and change, and no hash."""
    after = {login: "hash" if old.get(login, value) == value else "new hash" for login, value in new.items()}
    return {"before": lines(dict.fromkeys(old, "hash")), "after": lines(after)}


def write(module: AnsibleModule, path: str, text: str) -> None:
    # A new file is born closed, and the move keeps the permissions that it finds.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    temporary = os.path.join(module.tmpdir, "users")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    module.atomic_move(temporary, path)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "passwords": {"type": "dict", "required": True, "no_log": True},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    path, passwords = module.params["path"], module.params["passwords"]
    library = load_libcrypt()
    old = read_hashes(path)
    new = {login: fitting_hash(library, password, old.get(login, "")) for login, password in passwords.items()}
    if "" in new.values():
        module.fail_json(msg="libcrypt can't make bcrypt hashes. Reinstall Debian's package libcrypt1.")
    result: dict[str, Any] = {"changed": lines(old) != lines(new), "diff": masked(old, new)}
    if result["changed"] and not module.check_mode:
        write(module, path, lines(new))
    if os.path.exists(path):
        permissions = module.load_file_common_arguments(module.params)
        result["changed"] = module.set_fs_attributes_if_different(permissions, result["changed"])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
