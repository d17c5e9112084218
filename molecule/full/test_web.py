"""Mail programs and servers get over HTTPS what they need, and nobody learns a login there."""

import hashlib
import json
import plistlib
import re
import ssl
import xml.etree.ElementTree as ET

import pytest
from messages import token
from probe import Server, tls
from web import AUTOCONFIG, PATHS, POLICY, PROFILE, ask, domains, served


def names(server: Server) -> list[str]:
    return list(dict.fromkeys(name for name, _ in served(server)))


def test_each_file_stands_under_its_name_and_no_other(server: Server) -> None:
    asked = {(name, path) for name in names(server) for path in (*PATHS, "/", "/index.html")}
    found = {each for each in asked if ask(server, *each, server.ca).status == 200}
    assert found == set(served(server))
    assert {ask(server, *each).status for each in asked - found} == {404}


def test_the_policy_asks_for_tls(server: Server) -> None:
    for domain in domains(server):
        answer = ask(server, f"mta-sts.{domain}", POLICY, server.ca)
        assert answer.header("Content-Type") == "text/plain"
        assert dict(line.split(": ") for line in answer.text.splitlines()) == {
            "version": "STSv1",
            "mode": "enforce",
            "mx": server.hostname,
            "max_age": "2419200",
        }


def test_its_record_in_the_dns_belongs_to_it(server: Server) -> None:
    zones = json.loads(server.run("mailpopbox", "dns", "--values", "--json").stdout)["zones"]
    records = {
        (each["name"], each["type"]): each["value"] for zone in zones for each in zone["records"]
    }
    for domain in domains(server):
        policy = ask(server, f"mta-sts.{domain}", POLICY).body
        number = hashlib.sha256(policy).hexdigest()[:20]
        assert records[f"_mta-sts.{domain}", "TXT"] == f"v=STSv1; id={number};"
        assert records[f"mta-sts.{domain}", "CNAME"] == server.hostname
        assert records[f"autoconfig.{domain}", "CNAME"] == server.hostname


def test_thunderbird_finds_the_servers(server: Server) -> None:
    for domain in domains(server):
        name = f"autoconfig.{domain}"
        answer = ask(server, name, f"{AUTOCONFIG}?emailaddress=me%40{domain}", server.ca)
        assert answer.header("Content-Type") == "text/xml"
        provider = ET.fromstring(answer.body).find("emailProvider")  # noqa: S314
        assert provider is not None
        assert [each.text for each in provider.findall("domain")] == [domain]
        assert [provider.findtext(f"{way}Server/hostname") for way in ("incoming", "outgoing")] == [
            server.hostname
        ] * 2


def test_apple_devices_get_a_profile(server: Server) -> None:
    answer = ask(server, server.hostname, PROFILE, server.ca)
    assert answer.header("Content-Type") == "application/x-apple-aspen-config"
    [account] = plistlib.loads(answer.body)["PayloadContent"]
    assert account["IncomingMailServerHostName"] == server.hostname


def test_nobody_learns_whose_an_address_is_or_whether_it_exists(server: Server) -> None:
    words = {word for box in server.mailboxes for word in (box.login, *box.addresses)}
    asked = ["", *words, *(f"{token()}@{domain}" for domain in domains(server)), "x@example.org"]
    locals_ = {word.partition("@")[0] for word in words}
    for name, path in served(server):
        answers = {ask(server, name, f"{path}?emailaddress={word}") for word in asked}
        assert len(answers) == 1
        [answer] = answers
        told = answer.text + str(answer.headers)
        assert [word for word in locals_ if word in told] == []
        assert "@" not in told
        # Nor which other domains there are.
        others = {each for each in domains(server) if not name.endswith(each)}
        assert [each for each in others if each in told.replace(server.hostname, "")] == []


def test_nobody_is_remembered(server: Server) -> None:
    word = token()
    for name, path in served(server):
        ask(server, name, f"{path}?emailaddress={word}@example.com")
        ask(server, name, f"/{word}")
    assert word not in server.run("journalctl", "--output=cat").stdout
    held = server.run("grep", "-rl", word, "/var/log", "/var/lib/nginx", check=False)
    assert (held.returncode, held.stdout) == (1, "")


def test_other_names_are_not_even_shown_a_certificate(server: Server) -> None:
    for name in ("mx.example.org", "autoconfig.elsewhere.test", "127.0.0.1"):
        with pytest.raises(ssl.SSLError):
            ask(server, name, PROFILE)


def test_nothing_is_taken(server: Server) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert ask(server, server.hostname, PROFILE, method=method).status == 405
    assert "Server" in dict(ask(server, server.hostname, "/").headers)
    assert ask(server, server.hostname, "/").header("Server") == "nginx"
    assert not re.search(r"nginx/\d", ask(server, server.hostname, "/").text)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_versions_of_tls_work(server: Server, version: ssl.TLSVersion) -> None:
    context = tls(server.hostname, server.ca)
    context.minimum_version = context.maximum_version = version
    with server.wire("https", context=context, greeted=False) as wire:
        assert wire.tls_version == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_of_tls_are_refused(server: Server) -> None:
    context = tls(server.hostname, None)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        pytest.raises(ssl.SSLError, match="alert protocol version"),
        server.wire("https", context=context, greeted=False),
    ):
        pass


def test_port_80_stays_free(server: Server) -> None:
    assert server.run("ss", "-Hltn", "sport = :80").stdout == ""


def test_what_speaks_to_strangers_is_shut_in(server: Server) -> None:
    status = json.loads(server.run("mailpopbox", "status", "--json", check=False).stdout)
    assert status["services"]["nginx"] == "active"
    main = server.run("cat", "/run/nginx.pid").stdout.strip()
    workers = server.run("cat", f"/proc/{main}/task/{main}/children").stdout.split()
    assert workers
    for worker in workers:
        told = server.run("cat", f"/proc/{worker}/status").stdout
        fields = dict(line.split(":\t", 1) for line in told.splitlines())
        assert fields["Uid"].split()[0] != "0"
        assert int(fields["CapEff"], 16) == 0
        assert fields["NoNewPrivs"] == "1"


def doctor(server: Server) -> list[tuple[str, str]]:
    done = server.run("mailpopbox", "doctor", "--json", "--only", "web", check=False)
    return [(each["state"], each["sentence"]) for each in json.loads(done.stdout)["findings"]]


def test_the_doctor_finds_what_is_missing(server: Server) -> None:
    number = 1 + 2 * len(domains(server))
    served_well = f"{number} files are served over HTTPS as they should be"
    well = [("good", f"{served_well}, and the certificate has all their names.")]
    assert doctor(server) == well
    file, name = "/etc/mailpopbox/web/public/mta-sts.txt", f"mta-sts.{domains(server)[0]}"
    server.run("chmod", "600", file)
    try:
        found = doctor(server)
    finally:
        server.run("chmod", "644", file)
    sentence = (
        f"Nobody can fetch the policy for MTA-STS at https://{name}{POLICY}: the answer is 403."
    )
    assert found[0] == ("bad", sentence)
    assert doctor(server) == well
