"""Questions to Customer Dynamics that cover its filters, groupings, zones and currencies."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import scalar_row

from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.reports.customer_dynamics.report import generate
from exports.result import GeneratedBy

ASKED_BY = GeneratedBy("benchmark", "administrator")
USUAL = {"time_zone": "Europe/Berlin", "currency": "USD"}

# Whatever the operator holds most of, so that a filter leaves much to do.
_COMMON = {
    "company_id": b"select company_id from marts.dim_company where parent_company_id is not null order by"
    b" (select count(*) from marts.dim_customer where dim_customer.company_id = dim_company.company_id) desc",
    "client_type": b"select customer_type from marts.dim_customer group by 1 order by count(*) desc",
    "tags": b"select tag from marts.dim_customer, unnest(tags) as tag group by 1 order by count(*) desc",
    "owner_user_id": b"select owner_user_id from marts.dim_customer where owner_user_id is not null"
    b" group by 1 order by count(*) desc",
    "package_id": b"select package_id from marts.fct_package_holdings group by 1 order by count(*) desc",
    "currency": b"select currency from marts.dim_customer where currency <> 'USD' group by 1"
    b" order by count(*) desc",
}
_LAST_MONTH_KNOWN = (
    b"select date_trunc('month', data_through_at at time zone 'UTC')::date from marts.data_through"
    b" where source = 'billing'"
)
_LOWER_BOUND = (
    b"select count(*), sum(amount) from marts.fct_transactions where confirmed_at >= %s and confirmed_at < %s"
)


def questions(connection: psycopg.Connection[Any]) -> dict[str, tuple[float, CustomerDynamicsParameters]]:
    """Each question by its name, with the seconds it may take."""
    cursor = connection.cursor(row_factory=scalar_row)

    def first(query: bytes) -> Any:
        return cursor.execute(query + b" limit 1").fetchone()

    common = {name: first(query) for name, query in _COMMON.items()}
    end = first(_LAST_MONTH_KNOWN)
    spans = {
        "month of days": (1.0, _months_before(end, 1), "date"),
        "24 months": (2.0, _months_before(end, 24), "month"),
    }
    found = {}
    for span, (limit, begin, unit) in spans.items():
        for name, more in _variants(common).items():
            asked = {
                **USUAL,
                "from_date": begin,
                "to_date": end - timedelta(days=1),
                "group_by": unit,
                **more,
            }
            if more.get("group_by"):
                asked["group_by"] = f"{unit},{more['group_by']}"
            found[f"{span}, {name}"] = (limit, CustomerDynamicsParameters.read(asked))
    return found


def ask(connection: psycopg.Connection[Any], question: CustomerDynamicsParameters) -> None:
    """Generate the report, as the command line does; what comes back is stored, not shown."""
    generate(connection, question, ASKED_BY, datetime.now(UTC))


def lower_bound(connection: psycopg.Connection[Any], question: CustomerDynamicsParameters) -> None:
    """What any answer from the movements must do at least: count and sum those of the interval."""
    connection.execute(_LOWER_BOUND, (question.from_date, question.to_date)).fetchone()


def _variants(common: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "unfiltered": {},
        "by company": {"company_id": common["company_id"]},
        "by type": {"client_type": common["client_type"]},
        "by tag": {"tags": [common["tags"]]},
        "by owner": {"owner_user_id": common["owner_user_id"]},
        "by package": {"package_id": common["package_id"]},
        "grouped by package": {"group_by": "package"},
        "in another currency": {"currency": common["currency"]},
        "in a zone at :30": {"time_zone": "Asia/Kolkata"},
        "in a zone at :45": {"time_zone": "Asia/Kathmandu"},
        "in UTC": {"time_zone": "UTC"},
    }


def _months_before(first_day: date, months: int) -> date:
    years, month = divmod(first_day.year * 12 + first_day.month - 1 - months, 12)
    return date(years, month + 1, 1)
