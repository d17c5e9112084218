"""The DNS records of the server: what they are, as zones and values, and how they stand.

Nothing here prints anything, and only `host` and `resolving` ask.
"""
