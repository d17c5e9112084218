"""The DNS records of the server: what they are, as zones and values, and how they stand.

Nothing here asks anything or prints anything.
"""
