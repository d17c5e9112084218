"""What can be wrong with the server: judges of what was found, each with a sentence and the fix.

Nothing here asks anything or prints anything.
"""
