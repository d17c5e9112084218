"""Over which TLS mail leaves: what Postfix is told about a domain when it asks.

MTA-STS is looked up by Debian's postfix-mta-sts-resolver, DANE by Postfix itself. The first knows
nothing of the second, and where it has an answer Postfix no longer looks at DANE, which would have
to count (RFC 8461, section 2). So its answers pass through here.
"""
