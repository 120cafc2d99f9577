"""The billing database: companies, customers, what they hold and what they pay."""

from extract.specification import SourceTable, columns


def _table(
    name: str,
    description: str,
    text: str,
    *,
    key: tuple[str, ...] = ("id",),
    cursor: str | None = "updated_at",
) -> SourceTable:
    return SourceTable("billing", name, key, columns(text), cursor, description=description)


TABLES: tuple[SourceTable, ...] = (
    _table(
        "companies",
        "Companies: the operator's own and the resellers and branches below it",
        """
        id id: Key
        parent_id id?: The company it is a branch of; empty for one at the top
        name text: Name
        time_zone text: IANA zone in which its days and months are cut
        currency text: ISO 4217 code of the currency its own figures are kept in
        created_at at: When the row was made in the source
        updated_at at: When the row last changed in the source
        deleted_at at?: When the source marked the row as deleted; empty while it stands
        """,
    ),
    _table(
        "users",
        "Users of the billing system, the owners of customers among them",
        """
        id id: Key
        company_id id: Company the user works for
        login text: Login name
        name text: Full name
        created_at at: When the row was made in the source
        updated_at at: When the row last changed in the source
        deleted_at at?: When the source marked the row as deleted; empty while it stands
        """,
    ),
    _table(
        "customers",
        "Customers: who pays",
        """
        id id: Key
        company_id id: Company the customer belongs to
        owner_user_id id?: User who owns the customer; empty for nobody
        name text: Name
        type text: client, reseller, calling_card or call_shop
        currency text: ISO 4217 code of the currency of balance and transactions
        balance money: Live balance, in the customer's currency
        created_at at: When the row was made in the source
        updated_at at: When the row last changed in the source
        deleted_at at?: When the source marked the row as deleted; empty while it stands
        """,
    ),
    _table(
        "customer_tags",
        "Tags that customers bear; without a time of change, so read whole",
        """
        customer_id id: Customer
        tag text: Tag
        """,
        key=("customer_id", "tag"),
        cursor=None,
    ),
    _table(
        "accounts",
        "Accounts: what a customer logs in and watches or calls with",
        """
        id id: Key
        customer_id id: Customer the account belongs to
        login text: Login name
        active bool: Whether it is active now
        activated_at at?: When it was last activated; empty if never
        deactivated_at at?: When it was last deactivated; empty if never
        created_at at: When the row was made in the source
        updated_at at: When the row last changed in the source
        deleted_at at?: When the source marked the row as deleted; empty while it stands
        """,
    ),
    _table(
        "packages",
        "Packages that can be held, and what they cost",
        """
        id id: Key
        company_id id: Company that sells the package
        name text: Name
        activation_fee money: Fee for activating it, in currency
        subscription_fee money: Fee for each period, in currency
        currency text: ISO 4217 code of the fees' currency
        period_months int: Length of a period, calendar months
        created_at at: When the row was made in the source
        updated_at at: When the row last changed in the source
        deleted_at at?: When the source marked the row as deleted; empty while it stands
        """,
    ),
    _table(
        "subscriptions",
        "Packages held by customers: one row per holding",
        """
        id id: Key
        customer_id id: Customer who holds the package
        account_id id?: Account it is held for; empty for the customer as a whole
        package_id id: Package held
        activated_at at: When the holding began
        stopped_at at?: When it ended; empty while it lasts
        created_at at: When the row was made in the source
        updated_at at: When the row last changed in the source
        """,
    ),
    _table(
        "transactions",
        "Movements of customers' balances, confirmed or not; rerating changes old ones",
        """
        id id: Key
        customer_id id: Customer whose balance moves
        kind text: payment, service_charge, activation_fee, subscription_fee or extra_charge
        amount money: Signed amount, in currency
        currency text: ISO 4217 code, the customer's
        package_id id?: Package charged for; empty for none
        subscription_id id?: Holding charged for; empty for none
        source text?: Where a payment came from: gateway, manual, api or voucher; empty for none
        gateway text?: Payment gateway; empty for none
        note text?: Free text; empty for none
        created_at at: When the row was made in the source
        confirmed_at at?: When it took effect; empty: not confirmed, so it counts nowhere
        updated_at at: When the row last changed in the source
        deleted_at at?: When the source marked the row as deleted; empty while it stands
        """,
    ),
    _table(
        "exchange_rates",
        "Exchange rates by day: 1 unit of base_currency is rate units of currency",
        """
        base_currency text: ISO 4217 code of the currency that is converted from
        currency text: ISO 4217 code of the currency that is converted to
        rate_date date: Day from which the rate holds
        rate rate: Units of currency for one unit of base_currency
        updated_at at: When the row last changed in the source
        """,
        key=("base_currency", "currency", "rate_date"),
    ),
)
