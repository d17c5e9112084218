"""Reports to other domains on how TLS fared when mail went there (TLSRPT, RFC 8460).

Postfix tells of each session with the servers of a domain that asks for reports. What it tells is
noted by day, and the day after goes to those whom the domain names.
"""
