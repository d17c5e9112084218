"""The keys on the disk: who may read them, and that they are what they are called."""

import base64
import os
import stat
import subprocess
from pathlib import Path

import pytest
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dkim.state import Domain, Key, path_of

RSA, ED = Key("s202611", "rsa"), Key("s202611e", "ed25519")
NAME = "example.com"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def about(path: Path, *more: str) -> str:
    words = ["openssl", "pkey", "-in", str(path), "-noout", "-text", *more]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_an_rsa_key(shelf: Shelf, tmp_path: Path) -> None:
    shelf.make(NAME, RSA)
    private = path_of(tmp_path, NAME, RSA)
    assert "2048 bit" in about(private)
    assert "2048 bit" in about(private.with_suffix(".pub"), "-pubin")
    assert base64.b64decode(shelf.public(NAME, RSA).key).startswith(b"\x30\x82\x01\x22")


def test_an_ed25519_key(shelf: Shelf, tmp_path: Path) -> None:
    shelf.make(NAME, ED)
    private = path_of(tmp_path, NAME, ED)
    assert "ED25519" in about(private)
    octets = {
        ending: base64.b64decode(text)
        for ending, text in (
            ("public", shelf.public(NAME, ED).key),
            ("seed", path_of(tmp_path, NAME, ED, for_rspamd=True).read_text()),
        )
    }
    assert {len(each) for each in octets.values()} == {32}
    shown = "".join(about(private).replace(":", "").split())
    assert all(each.hex() in shown for each in octets.values())


def test_the_record_of_a_key(shelf: Shelf) -> None:
    shelf.make(NAME, ED)
    record = shelf.record(NAME, ED)
    assert (record.name, record.type) == ("s202611e._domainkey.example.com", "TXT")
    assert record.value == f"v=DKIM1; k=ed25519; p={shelf.public(NAME, ED).key}"


def test_only_the_public_half_may_be_read_by_all(shelf: Shelf, tmp_path: Path) -> None:
    for key in (RSA, ED):
        shelf.make(NAME, key)
    shelf.save({NAME: Domain(signing=(RSA, ED))})
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*.*")}
    del modes[NAME]
    assert {name for name, mode in modes.items() if mode != 0o640} == {
        "s202611.rsa.pub",
        "s202611e.ed25519.pub",
    }
    assert len(modes) == 6


def test_rspamd_may_enter_whatever_the_umask(shelf: Shelf, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        shelf.make(NAME, RSA)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o2750


def test_a_key_that_is_there_stays(shelf: Shelf, tmp_path: Path) -> None:
    shelf.make(NAME, RSA)
    before = path_of(tmp_path, NAME, RSA).read_text()
    shelf.make(NAME, RSA)
    assert path_of(tmp_path, NAME, RSA).read_text() == before


def test_half_a_key_is_none(shelf: Shelf, tmp_path: Path) -> None:
    shelf.make(NAME, RSA)
    public = path_of(tmp_path, NAME, RSA).with_suffix(".pub")
    public.unlink()
    assert shelf.domains() == {NAME: Domain()}
    shelf.make(NAME, RSA)
    assert shelf.domains() == {NAME: Domain(coming=(RSA,))}
    words = ["openssl", "pkey", "-pubout", "-in", str(public.with_suffix(".key"))]
    assert subprocess.run(words, capture_output=True, check=True).stdout == public.read_bytes()


def test_what_is_none_of_ours_is_no_key(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "s1.dsa.pub").touch()
    assert shelf.domains() == {NAME: Domain()}


def test_which_keys_sign_is_kept(shelf: Shelf) -> None:
    for key in (RSA, ED):
        shelf.make(NAME, key)
    shelf.save({NAME: Domain(signing=(RSA,)), "unused.test": Domain()})
    assert shelf.domains() == {NAME: Domain(signing=(RSA,), coming=(ED,))}


def test_a_key_is_lost_without_what_rspamd_reads(shelf: Shelf, tmp_path: Path) -> None:
    for key in (RSA, ED):
        shelf.make(NAME, key)
    domain = Domain(signing=(RSA, ED), coming=(Key("s202612", "rsa"),))
    assert shelf.lost(NAME, domain) == ()
    path_of(tmp_path, NAME, ED, for_rspamd=True).unlink()
    assert shelf.lost(NAME, domain) == (ED,)


def test_a_deleted_key_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    for key in (RSA, ED):
        shelf.make(NAME, key)
        shelf.delete(NAME, key)
    assert list((tmp_path / NAME).iterdir()) == []


def test_a_damaged_file_is_named(shelf: Shelf) -> None:
    shelf.file.write_text("- x")
    with pytest.raises(OSError, match=r"signing\.yml: is not as .* restore it from a backup"):
        shelf.domains()


def test_a_damaged_key_is_named(shelf: Shelf, tmp_path: Path) -> None:
    shelf.make(NAME, RSA)
    path_of(tmp_path, NAME, RSA).with_suffix(".pub").write_text("x")
    with pytest.raises(OSError, match=r"s202611\.rsa\.pub: holds no public key .* restore it"):
        shelf.public(NAME, RSA)


def test_trouble_of_openssl_is_told(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(OSError, match="openssl genpkey: no room"):
        shelf.make(NAME, RSA)
