"""The billing database: companies, customers, what they hold and what they pay."""

from extract.specification import SourceTable, columns


def _table(
    name: str, text: str, *, key: tuple[str, ...] = ("id",), cursor: str | None = "updated_at"
) -> SourceTable:
    return SourceTable("billing", name, key, columns(text), cursor)


TABLES: tuple[SourceTable, ...] = (
    _table(
        "companies",
        "id id, parent_id id?, name text, time_zone text, currency text,"
        "created_at at, updated_at at, deleted_at at?",
    ),
    _table(
        "users",
        "id id, company_id id, login text, name text, created_at at, updated_at at, deleted_at at?",
    ),
    _table(
        "customers",
        "id id, company_id id, owner_user_id id?, name text, type text, currency text, balance money,"
        "created_at at, updated_at at, deleted_at at?",
    ),
    _table("customer_tags", "customer_id id, tag text", key=("customer_id", "tag"), cursor=None),
    _table(
        "accounts",
        "id id, customer_id id, login text, active bool, activated_at at?, deactivated_at at?,"
        "created_at at, updated_at at, deleted_at at?",
    ),
    _table(
        "packages",
        "id id, company_id id, name text, activation_fee money, subscription_fee money, currency text,"
        "period_months int, created_at at, updated_at at, deleted_at at?",
    ),
    _table(
        "subscriptions",
        "id id, customer_id id, account_id id?, package_id id, activated_at at, stopped_at at?,"
        "created_at at, updated_at at",
    ),
    _table(
        "transactions",
        "id id, customer_id id, kind text, amount money, currency text, package_id id?, subscription_id id?,"
        "source text?, gateway text?, note text?, created_at at, confirmed_at at?, updated_at at,"
        "deleted_at at?",
    ),
    _table(
        "exchange_rates",
        "base_currency text, currency text, rate_date date, rate rate, updated_at at",
        key=("base_currency", "currency", "rate_date"),
    ),
)
