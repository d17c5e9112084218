"""The part of the mail server that nobody else has: pure rules, a thin milter, commands."""

__version__ = "0.1.0"
