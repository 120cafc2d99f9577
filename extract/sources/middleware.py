"""The middleware: sessions and account events as documents that years of versions left."""

from extract.specification import SourceCollection

COLLECTIONS: tuple[SourceCollection, ...] = (
    SourceCollection("middleware", "online_sessions", "updated_at"),
    SourceCollection("middleware", "account_activity", None),
    SourceCollection("middleware", "daily_statistics", None, optional=True),
)
