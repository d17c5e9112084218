"""The certificate that the server makes for itself."""

import ssl

from probe import Server


def presented(server: Server, service: str) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with server.wire(service, context=context) as wire:
        if service in ("smtp", "submission"):
            wire.say("EHLO client.example.org")
            wire.start_tls()
        return wire.certificate


def test_it_names_the_host(server: Server) -> None:
    text = server.run(
        "openssl",
        "x509",
        "-in",
        "/etc/mailpopbox/tls/server.pem",
        "-noout",
        "-ext",
        "subjectAltName",
    ).stdout
    assert text.split()[-1] == f"DNS:{server.hostname}"


def test_every_port_shows_it(server: Server) -> None:
    pem = server.run("openssl", "x509", "-in", "/etc/mailpopbox/tls/server.pem").stdout
    wanted = ssl.PEM_cert_to_DER_cert(pem)
    for service in ("smtp", "submission", "submissions", "pop3s"):
        assert presented(server, service) == wanted


def test_its_key_is_for_root_only(server: Server) -> None:
    tree = server.run("find", "/etc/mailpopbox/tls", "-printf", "%P %m %u\n").stdout.splitlines()
    assert " 700 root" in tree
    assert "server.pem 600 root" in tree
    assert f"selfsigned/{server.hostname}.key 600 root" in tree
