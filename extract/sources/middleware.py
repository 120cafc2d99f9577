"""The middleware: sessions and account events as documents that years of versions left."""

from extract.specification import SourceCollection

COLLECTIONS: tuple[SourceCollection, ...] = (
    SourceCollection(
        "middleware",
        "online_sessions",
        "updated_at",
        description="Sessions of accounts: from when to when an account was online, and on which device",
    ),
    SourceCollection(
        "middleware",
        "account_activity",
        None,
        description="Events of accounts: activated, deactivated, renewed, login",
    ),
    SourceCollection(
        "middleware",
        "daily_statistics",
        None,
        optional=True,
        description="Figures by day that old installations kept",
    ),
)
