"""Making the operator: rows and documents of a recipe into three databases, in batches, telling progress."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Protocol

from demo.errors import DemoError
from demo.operator.customers import AccountOfCustomer, customer_batches
from demo.operator.document_store import existing_documents_recipe, filled_documents
from demo.operator.documents import Document, account_activity, daily_statistics, online_sessions
from demo.operator.recipe import Recipe
from demo.operator.reference import Reference
from demo.operator.stores import TABLES, existing_recipe, filled
from demo.operator.subscribers import platform_rows

CUSTOMERS_PER_BATCH = 2000
ACCOUNTS_WITH_DOCUMENTS = 12_000
DOCUMENTS_PER_BATCH = 2000

Progress = Callable[[str], None]


class OperatorUrls(Protocol):
    """Where the operator's databases are; one without a URL is left out."""

    @property
    def billing_url(self) -> str | None:
        """The billing database's URL."""
        ...

    @property
    def platform_url(self) -> str | None:
        """The platform database's URL."""
        ...

    @property
    def middleware_url(self) -> str | None:
        """The middleware database's URL."""
        ...


@dataclass
class Made:
    """How many rows and documents were made, by "database.table"; the recipe they follow.

    `kept` tells that an operator made before was left as it is, and nothing was made.
    """

    recipe: Recipe
    counts: dict[str, int] = field(default_factory=dict[str, int])
    kept: bool = False


def create(
    urls: OperatorUrls,
    *,
    customers: int = 2000,
    months: int = 14,
    seed: int = 1,
    ending: date | None = None,
    subscribers: int = 40,
    keep: bool = False,
    report_progress: Progress | None = None,
) -> Made:
    """Make the operator in the databases at the URLs, replacing a made-up one there; what was made.

    `ending` is the last day of its history, yesterday (UTC) unless given. With `keep`, an operator of the
    same size, length and seed stays as it is, whatever its last day, and another one is refused: a
    warehouse filled from one operator cannot follow another, whose rows bear the same ids. Raises
    DemoError when a database cannot be used or holds tables that are not made up.
    """
    last_day = ending or (datetime.now(UTC).date() - timedelta(days=1))
    recipe = Recipe(customers=customers, months=months, seed=seed, ending=last_day, subscribers=subscribers)
    if keep:
        recipe, is_whole = _kept_recipe(urls, recipe)
        if is_whole:
            return Made(recipe, kept=True)
    tell: Progress = report_progress or (lambda what: None)
    made = Made(recipe)
    accounts: list[AccountOfCustomer] = []
    if urls.billing_url:
        accounts = _create_billing(urls.billing_url, made, tell)
    if urls.platform_url:
        _create_platform(urls.platform_url, made, tell)
    if urls.middleware_url:
        if not accounts:
            accounts = _first_accounts(recipe)
        _create_middleware(urls.middleware_url, made, accounts, tell)
    return made


def _kept_recipe(urls: OperatorUrls, wanted: Recipe) -> tuple[Recipe, bool]:
    """The recipe to follow so that what was made before stays true, and whether all of it is there."""
    found: list[Recipe | None] = []
    if urls.billing_url:
        found.append(existing_recipe("billing", urls.billing_url))
    if urls.platform_url:
        found.append(existing_recipe("platform", urls.platform_url))
    if urls.middleware_url:
        found.append(existing_documents_recipe(urls.middleware_url))
    known = next((recipe for recipe in found if recipe is not None), None)
    if known is None:
        return wanted, False
    if replace(wanted, ending=known.ending) != known:
        raise DemoError(
            f"there is another made-up operator already ({known.customers} customers, {known.months} months,"
            f" seed {known.seed}): ask for that one, or set SUBDYN_HOME to a new folder"
        )
    return known, all(recipe == known for recipe in found)


def _create_billing(url: str, made: Made, tell: Progress) -> list[AccountOfCustomer]:
    recipe = made.recipe
    reference = Reference(recipe)
    accounts: list[AccountOfCustomer] = []
    counts = dict.fromkeys((f"billing.{table}" for table in TABLES["billing"]), 0)
    with filled("billing", url, recipe) as store:
        whole = {
            "companies": reference.company_rows(),
            "users": reference.user_rows(),
            "packages": reference.package_rows(),
            "exchange_rates": reference.rate_rows(),
        }
        for table, lines in whole.items():
            store.load(table, lines)
            counts[f"billing.{table}"] = len(lines)
        for batch in customer_batches(recipe, reference, CUSTOMERS_PER_BATCH):
            for table, lines in batch.lines.items():
                store.load(table, lines)
                counts[f"billing.{table}"] += len(lines)
            accounts += batch.accounts[: ACCOUNTS_WITH_DOCUMENTS - len(accounts)]
            tell(
                f"billing: {counts['billing.customers']:,} of {recipe.customers:,} customers,"
                f" {counts['billing.transactions']:,} transactions"
            )
        tell("billing: keys and indexes")
    made.counts |= counts
    return accounts


def _first_accounts(recipe: Recipe) -> list[AccountOfCustomer]:
    accounts: list[AccountOfCustomer] = []
    for batch in customer_batches(recipe, Reference(recipe), CUSTOMERS_PER_BATCH):
        accounts += batch.accounts[: ACCOUNTS_WITH_DOCUMENTS - len(accounts)]
        if len(accounts) >= ACCOUNTS_WITH_DOCUMENTS:
            break
    return accounts


def _create_platform(url: str, made: Made, tell: Progress) -> None:
    rows = platform_rows(made.recipe)
    with filled("platform", url, made.recipe) as store:
        for table in TABLES["platform"]:
            lines = rows.lines.get(table, [])
            store.load(table, lines)
            made.counts[f"platform.{table}"] = len(lines)
    tell(f"platform: {made.recipe.subscribers} subscribers, {made.counts['platform.logons']:,} logons")


def _create_middleware(url: str, made: Made, accounts: list[AccountOfCustomer], tell: Progress) -> None:
    recipe = made.recipe
    collections = {
        "online_sessions": online_sessions(recipe, accounts),
        "account_activity": account_activity(recipe, accounts),
        "daily_statistics": daily_statistics(recipe),
    }
    with filled_documents(url, recipe, collections.keys()) as database:
        for name, documents in collections.items():
            count = 0
            for batch in _batches(documents, DOCUMENTS_PER_BATCH):
                database[name].insert_many(batch)
                count += len(batch)
                tell(f"middleware: {count:,} {name}")
            made.counts[f"middleware.{name}"] = count


def _batches(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    iterator = iter(documents)
    while batch := list(islice(iterator, size)):
        yield batch
