"""Whatever is installed runs."""

from probe import Server


def test_no_unit_has_failed(server: Server) -> None:
    assert server.run("systemctl", "--failed", "--quiet", "--plain").stdout == ""
