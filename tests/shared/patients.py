"""A host for the doctor to look at: its files, the programs that it asks, and who answers it."""

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dkim
import pytest
import yaml
from dns import zone as zone_of_dns
from hosts import ONE, Answer, Host
from mailpopbox.dns import resolving
from mailpopbox.examining import knocking, selfmail
from mailpopbox.outbound import dane
from mailpopbox.outbound.dane import Resolver
from nameserver import answers_of, serving
from speakers import Speaker, speaking

DOCTOR = "doctor@doctor.invalid"
HERE = "127.0.0.1"
SOA = "$TTL 60\n@ SOA ns x 1 1 1 1 1\n@ NS ns\nns A 127.0.0.2\n"
ACTIVE = "ActiveState=active\nSubState=running\n"
POSTCONF = """
case "$*" in
    *mynetworks) printf "reject_unauth_destination\\n127.0.0.0/8\\n" ;;
    *) echo mx.example.com ;;
esac"""
IP = json.dumps([{"addr_info": [{"local": "198.51.100.7", "scope": "global"}]}])


class Server:
    """A host on which all is as it should be, unless a test breaks it."""

    def __init__(self, host: Host, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._host = host
        self._patch = patch
        self.folder = folder
        self.host = host
        self.milter = host.config
        host.configure(ONE, doctor=DOCTOR, socket=str(folder / "milter.sock"))
        host.config = folder / "doctor.yml"
        self.dns = folder / "dns.yml"
        self.keys = folder / "dkim"
        facts = {"hostname": "mx.example.com", "domains": ["example.com"]}
        self.dns.write_text(yaml.safe_dump(facts | {"mta_sts": str(folder / "mta-sts.txt")}))
        self.configure()
        (folder / "programs").mkdir()
        patch.setenv("PATH", f"{folder}/programs:{os.environ['PATH']}")
        for name, script in (
            ("systemctl", f"printf '{ACTIVE}'"),
            ("postqueue", "true"),
            ("postconf", POSTCONF),
            ("ip", f"echo '{IP}'"),
        ):
            self.program(name, script)

    def configure(self, **changed: object) -> None:
        paths = {"milter": str(self.milter), "dns": str(self.dns)}
        settings = paths | {"resolver": False, "mta_sts": False}
        self._host.config.write_text(yaml.safe_dump(settings | changed))

    def program(self, name: str, script: str) -> None:
        path = self.folder / "programs" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def __call__(self, *words: str) -> Answer:
        return self._host.run("doctor", *words, "--keys", str(self.keys))

    def found(self, check: str) -> list[tuple[str, str]]:
        """Make one check, and return states and sentences."""
        answer = self("--json", "--only", check).json
        assert {each["check"] for each in answer["findings"]} == {check}
        return [(each["state"], each["sentence"]) for each in answer["findings"]]

    @contextmanager
    def asked(self, *zones: str, **servers: Any) -> Iterator[None]:
        """Serve zones, each as its name and what stands in it."""
        read = [
            zone_of_dns.from_text(SOA + text, name, relativize=False)
            for name, _, text in (each.partition("\n") for each in zones)
        ]
        answering = {HERE: answers_of(*read, own=False), "127.0.0.2": answers_of(*read)} | servers
        with serving(answering) as port, self._patch.context() as patch:
            patch.setattr(resolving, "_PORT", port)
            patch.setattr(resolving, "_SECONDS", 1.5)
            patch.setattr(Resolver.__init__, "__defaults__", (port,))
            patch.setattr(dane, "_SECONDS", 1.5)
            (self.folder / "resolv.conf").write_text(f"nameserver {HERE}\n")
            patch.setattr(resolving, "_CONFIGURATION", str(self.folder / "resolv.conf"))
            yield

    @contextmanager
    def spoken(self, **speakers: Speaker) -> Iterator[None]:
        """Let somebody speak at ports, given as p25=…."""
        by_port = {int(name[1:]): each for name, each in speakers.items()}
        pem = self.folder / "server.pem"
        with speaking(by_port, pem) as shift, self._patch.context() as patch:
            patch.setattr(knocking, "_SHIFT", shift)
            patch.setattr(knocking, "_SECONDS", 0.5)
            patch.setattr(knocking, "_SECONDS_OUTSIDE", 0.5)
            yield


EHLO = {"EHLO": "250-mx.example.com\r\n250 STARTTLS", "STARTTLS": "220 go"}
DOORS = {
    "p25": Speaker(answers=EHLO | {"RCPT": "554 5.7.1 no"}),
    "p587": Speaker(answers=EHLO),
    "p465": Speaker(tls="start"),
    "p995": Speaker("+OK", otherwise="+OK", tls="start"),
}


POLICY = "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 86400\n"
WEB = Speaker(
    None,
    tls="start",
    pages={
        "mx.example.com/apple.mobileconfig": "mx.example.com",
        "autoconfig.example.com/mail/config-v1.1.xml": "mx.example.com",
        "mta-sts.example.com/.well-known/mta-sts.txt": POLICY,
    },
)


class Round:
    """Submission and POP3, where what is submitted as an alias comes back, signed."""

    def __init__(self, server: Server, patch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.box: list[bytes] = []
        self.key = subprocess.run(
            ["openssl", "genrsa", "-traditional", "1024"], capture_output=True, check=True
        ).stdout
        public = subprocess.run(
            ["openssl", "rsa", "-pubout", "-outform", "DER"],
            input=self.key, capture_output=True, check=True,
        ).stdout  # fmt: skip
        self.record = f'"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"'
        self.logins = server.folder / "logins"
        self.logins.touch()
        patch.setattr(selfmail, "LOGINS", self.logins)
        patch.setattr(selfmail, "_SECONDS_TO_NOTICE", 0)
        patch.setattr(selfmail, "_SECONDS_BETWEEN_LOOKS", 0.05)
        patch.setattr(selfmail, "_SECONDS_UNDERWAY", 1.5)
        outer = self

        class Delivered(list[bytes]):
            """A Maildir, as it were."""

            def append(self, raw: bytes) -> None:
                super().append(outer.signed(raw))

        self.box = Delivered()

    def signed(self, raw: bytes) -> bytes:
        """Do as the milter and Rspamd do."""
        alias = re.search(rb"\[sendas:(.*?)\]", raw)
        assert alias
        sent = re.sub(rb"(?m)^From: [^\r]*", b"From: " + alias[1], raw)
        line = dkim.sign(sent, b"s1", b"example.com", self.key, include_headers=[b"from"])
        return bytes(line + sent)

    def speakers(self, **answers: str) -> dict[str, Speaker]:
        submission = {
            "EHLO": "250-mx\r\n250-DSN\r\n250 AUTH PLAIN",
            "AUTH": "235 2.7.0 ok",
            "DATA": "354 go",
        }
        return {
            "p465": Speaker(answers=submission | answers, tls="start", messages=self.box),
            "p995": Speaker("+OK", otherwise="+OK", tls="start", messages=self.box),
        }
