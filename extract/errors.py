"""Errors of extraction, by what recovers from them. Each message is one line and holds no password."""


class ExtractionError(Exception):
    """A load that did not happen; nothing of it is in the warehouse."""


class RetryLater(ExtractionError):
    """The same load may succeed later as it is: a server gone, a timeout, a deadlock."""


class NeverRetry(ExtractionError):
    """Somebody has to mend something first: a password, a missing table, a changed type."""
