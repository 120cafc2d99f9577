"""Errors of the demo, each one line that names what to mend."""


class DemoError(Exception):
    """Something the reader can mend; the message says what."""


class ServerFailed(DemoError):
    """An embedded server did not start, or died; the message quotes its log."""
