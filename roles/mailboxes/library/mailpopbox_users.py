#!/usr/bin/python
"""Ansible module: the whole of a Dovecot passwd-file, with a bcrypt hash for each login."""

from __future__ import annotations

import ctypes
from pathlib import Path

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

Hashes = dict[str, str]

SCHEME = "{BLF-CRYPT}"
# 2**10 rounds take some 50 ms, which a small host can afford at every login.
PREFIX, COST = b"$2y$", 10


def load_libcrypt() -> ctypes.CDLL:
    """Return the C library's hashing: Python dropped its own door to it in 3.13."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = library.crypt_gensalt.restype = ctypes.c_char_p
    library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    library.crypt_gensalt.argtypes = [
        ctypes.c_char_p,
        ctypes.c_ulong,
        ctypes.c_char_p,
        ctypes.c_int,
    ]
    return library


def hashed(library: ctypes.CDLL, password: str, setting: bytes) -> str:
    result: bytes | None = library.crypt(password.encode(), setting)
    return result.decode() if result else ""


def fitting_hash(library: ctypes.CDLL, password: str, old: str) -> str:
    """Return the old hash if it is of our making and fits, else a new one."""
    of_our_making = old.startswith(f"{PREFIX.decode()}{COST}$")
    if of_our_making and hashed(library, password, old.encode()) == old:
        return old
    return hashed(library, password, library.crypt_gensalt(PREFIX, COST, None, 0))


def read_hashes(path: Path) -> Hashes:
    if not path.exists():
        return {}
    entries = [line.split(":", 1) for line in path.read_text().splitlines() if ":" in line]
    return {login: value.removeprefix(SCHEME) for login, value in entries}


def as_text(hashes: Hashes) -> str:
    return "".join(f"{login}:{SCHEME}{hashes[login]}\n" for login in sorted(hashes))


def masked(old: Hashes, new: Hashes) -> dict[str, str]:
    """Return a diff that tells which logins come, go and change, and shows no hash."""
    after = {
        login: "hash" if old.get(login, value) == value else "new hash"
        for login, value in new.items()
    }
    return {"before": as_text(dict.fromkeys(old, "hash")), "after": as_text(after)}


def write(module: AnsibleModule, path: Path, text: str) -> None:
    # A new file is born closed, and the move keeps the permissions that it finds.
    path.touch(0o600)
    temporary = Path(module.tmpdir, "users")
    temporary.touch(0o600)
    temporary.write_text(text)
    module.atomic_move(str(temporary), str(path))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "passwords": {"type": "dict", "required": True, "no_log": True},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    path, passwords = Path(module.params["path"]), module.params["passwords"]
    library = load_libcrypt()
    old = read_hashes(path)
    new = {
        login: fitting_hash(library, passwords[login], old.get(login, "")) for login in passwords
    }
    if "" in new.values():
        module.fail_json(msg="libcrypt makes no bcrypt hash. Reinstall Debian's package libcrypt1.")
    changed = as_text(old) != as_text(new)
    if changed and not module.check_mode:
        write(module, path, as_text(new))
    if path.exists():
        permissions = module.load_file_common_arguments(module.params)
        changed = module.set_fs_attributes_if_different(permissions, changed)
    module.exit_json(changed=changed, diff=masked(old, new))


if __name__ == "__main__":
    main()
