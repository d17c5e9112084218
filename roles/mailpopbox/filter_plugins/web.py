"""What is served on the web: which file under which name, for mail programs and for other servers.

Checked values go in. Nothing here knows Ansible.
"""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]

APPLE = "/apple.mobileconfig"
POLICY = "/.well-known/mta-sts.txt"
# At the domain itself, mail programs ask for this; at autoconfig.DOMAIN for either.
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
ANSWERS = ("/mail/config-v1.1.xml", WELL_KNOWN)


# As many as Let's Encrypt puts into one certificate.
MOST_NAMES = 100


def policy_problem(values: Values) -> str:
    mode = values["mailpopbox_mta_sts_policy"]
    if mode == "testing":
        return ""
    if not values["mailpopbox_web"]:
        why, fix = "has no effect", "mailpopbox_web: true"
    elif values["mailpopbox_tls"] == "selfsigned":
        why = "is believed by nobody while the certificate is self-signed"
        fix = "mailpopbox_tls: acme or files"
    else:
        return ""
    return f'mailpopbox_mta_sts_policy: "{mode}" {why}. Set {fix}, or take it out.'


def names_problem(values: Values) -> str:
    if not values["mailpopbox_web"] or values["mailpopbox_tls"] != "acme":
        return ""
    served = [domain for box in values["mailpopbox_mailboxes"] for domain in box["domains"]]
    served += values["mailpopbox_dns_domains"]
    names = 1 + len(values["mailpopbox_acme_names"]) + 2 * len(served)
    if names <= MOST_NAMES:
        return ""
    return (
        f"mailpopbox_web: the certificate would have {names} names, and authorities give"
        f" {MOST_NAMES} at most. Set it to false, or serve fewer domains from this host."
    )


def problems(values: Values) -> list[str]:
    """Return a sentence for each thing that is wrong."""
    return [problem for check in (policy_problem, names_problem) if (problem := check(values))]


def domains(mail: Values) -> list[str]:
    """Return the domains of which all mail arrives here."""
    found = [domain for box in mail["mailboxes"] for domain in box["domains"]]
    return list(dict.fromkeys(found + mail["dns_domains"]))


def sites(mail: Values) -> dict[str, dict[str, str]]:
    """Return the files that are served, by name and path; none if nothing is."""
    if not mail["web"]:
        return {}
    host = mail["hostname"]
    found = {host: {APPLE: "apple.mobileconfig"}}
    for domain in domains(mail):
        answer = f"{domain}.xml"
        served = {f"autoconfig.{domain}": dict.fromkeys(ANSWERS, answer)}
        if domain == host:
            served[host] = {WELL_KNOWN: answer}
        # A policy that comes with a self-signed certificate counts nowhere.
        if mail["tls"] != "selfsigned":
            served[f"mta-sts.{domain}"] = {POLICY: "mta-sts.txt"}
        for name, files in served.items():
            found[name] = found.get(name, {}) | files
    return found


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        return {"mailpopbox_web_problems": problems, "mailpopbox_sites": sites}
