"""The middleware's documents, as years of versions left them.

The server of the demo keeps no Decimal128: amounts are doubles, integers or strings. Most documents have
today's shape; the others lack fields, rename them, tell numbers and dates as strings, nest differently, or
cannot be read at all.
"""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bson import ObjectId

from demo.operator.customers import AccountOfCustomer
from demo.operator.recipe import Recipe
from demo.operator.reference import COMPANIES
from demo.operator.text_rows import DAY, HOUR, SECOND, Instant, as_datetime

Document = dict[str, Any]

SESSIONS_PER_ACCOUNT = 3
DEVICE_TYPES = ("android", "ios", "stb", "web", "tv")
DAYS_OF_OLD_STATISTICS = 90


def online_sessions(recipe: Recipe, accounts: list[AccountOfCustomer]) -> Iterator[Document]:
    """Documents of `online_sessions`."""
    draw = random.Random(f"{recipe.seed} online sessions")
    number = 0
    for account in accounts:
        for _ in range(int(draw.random() * 2 * SESSIONS_PER_ACCOUNT)):
            number += 1
            began = account.created_at + int((account.last_at - account.created_at) * draw.random())
            length = 0 if draw.random() < 0.01 else int(draw.expovariate(1 / (1.7 * HOUR)))
            ended = began + length
            is_open = ended >= recipe.end or draw.random() < 0.02
            seen = min(ended, recipe.end - SECOND)
            document: Document = {
                "_id": _object_id(draw, began, number),
                "client_id": account.company_id,
                "customer_id": account.customer_id,
                "account_id": account.id,
                "device": _device(draw, account.id),
                "ip": f"198.51.100.{int(draw.random() * 254) + 1}",
                "started_at": _date(began),
                "last_seen_at": _date(seen),
                "ended_at": _date(ended),
                "updated_at": _date(seen),
            }
            if is_open:
                del document["ended_at"]
            yield _weathered_session(draw, document)


def account_activity(recipe: Recipe, accounts: list[AccountOfCustomer]) -> Iterator[Document]:
    """Documents of `account_activity`."""
    draw = random.Random(f"{recipe.seed} account activity")
    number = 0
    for account in accounts:
        facts = [("activated", account.created_at)]
        when = account.created_at + 30 * DAY
        while when < account.last_at:
            if draw.random() < 0.5:
                facts.append(("renewed", when))
            when += 30 * DAY
        facts += [
            ("login", account.created_at + int((account.last_at - account.created_at) * draw.random()))
            for _ in range(int(draw.random() * 3))
        ]
        if account.last_at < recipe.end:
            facts.append(("deactivated", account.last_at))
        for event, happened_at in facts:
            number += 1
            document: Document = {
                "_id": _object_id(draw, happened_at, number),
                "client_id": account.company_id,
                "customer_id": account.customer_id,
                "account_id": account.id,
                "event": event,
                "at": _date(happened_at),
                "source": "portal" if draw.random() < 0.5 else "check_accounts",
            }
            if event in {"activated", "renewed"}:
                document["tariff_id"] = account.company_id * 10 + 1
            yield _weathered_activity(draw, document)


def daily_statistics(recipe: Recipe) -> Iterator[Document]:
    """Documents of `daily_statistics`: what the old installation kept in the first months."""
    draw = random.Random(f"{recipe.seed} daily statistics")
    number = 0
    for company in COMPANIES:
        accounts = int(recipe.customers * company.share / 4) + 1
        for day in range(recipe.start, min(recipe.start + DAYS_OF_OLD_STATISTICS * DAY, recipe.end), DAY):
            number += 1
            accounts += int(draw.random() * 3)
            inactive = int(accounts * draw.random() * 0.2)
            amount = round(draw.random() * 500, 2)
            count: Any = int(draw.random() * 30)
            version = draw.random()
            yield {
                "_id": _object_id(draw, day + DAY, number),
                "client_id": company.id,
                "date": _date(day) if version < 0.9 else as_datetime(day).date().isoformat(),
                "customers": accounts if version < 0.8 else float(accounts),
                "accounts": accounts + 3,
                "active": accounts + 3 - inactive,
                "inactive": inactive,
                "max_online": int(accounts * 0.3) if version < 0.95 else str(int(accounts * 0.3)),
                "max_online_at": _date(day + int(draw.random() * DAY)),
                "payments": {
                    "count": count,
                    "amount": amount if version < 0.7 else f"{amount:.2f}",
                    "currency": company.currency,
                },
            }


def _weathered_session(draw: random.Random, document: Document) -> Document:  # noqa: C901 - one branch per flaw
    chance = draw.random()
    if chance < 0.86:
        return document
    if chance < 0.89:
        document["clientId"] = document.pop("client_id")
        document["accountId"] = document.pop("account_id")
    elif chance < 0.92:
        document["customer_id"] = str(document["customer_id"])
        document["account_id"] = float(document["account_id"])
    elif chance < 0.94:
        for name in ("started_at", "last_seen_at", "ended_at", "updated_at"):
            if name in document:
                document[name] = document[name].isoformat().replace("+00:00", "Z")
    elif chance < 0.955:
        device = document.pop("device")
        document["device_uid"], document["device_type"] = device["uid"], device["type"]
    elif chance < 0.97:
        document["device"]["app"] = {"version": "4.1.0", "build": {"number": 4100, "tags": ["beta", None]}}
        document["_class"] = "smarty.Session"
        document["debug"] = {"latency_ms": [12, 15.5, None]}
    elif chance < 0.985:
        document.pop("ip")
        document.pop("device")
    elif chance < 0.993:
        document.pop("updated_at")
    elif chance < 0.997:
        document["started_at"] = "a while ago"
    else:
        document["account_id"] = {"$ref": "accounts"}
    return document


def _weathered_activity(draw: random.Random, document: Document) -> Document:
    chance = draw.random()
    if chance < 0.90:
        return document
    if chance < 0.93:
        document["customer_id"] = str(document["customer_id"])
    elif chance < 0.95:
        document["at"] = document["at"].isoformat()
    elif chance < 0.97:
        document["type"] = document.pop("event")
    elif chance < 0.98:
        document.pop("source")
        document["meta"] = {"operator": "import", "batch": 7}
    elif chance < 0.995:
        document["clientId"] = document.pop("client_id")
    elif chance < 0.998:
        document.pop("account_id")
    else:
        document["at"] = "31/02/2024"
    return document


def _device(draw: random.Random, account_id: int) -> Document:
    place = int(draw.random() * len(DEVICE_TYPES))
    device: Document = {"uid": f"{account_id:08x}-{place}", "type": DEVICE_TYPES[place]}
    if draw.random() < 0.7:
        device["app_version"] = f"4.{int(draw.random() * 9)}.{int(draw.random() * 20)}"
    return device


def _object_id(draw: random.Random, when: Instant, number: int) -> ObjectId:
    seconds = (when // SECOND).to_bytes(4, "big")
    return ObjectId(seconds + draw.randbytes(4) + number.to_bytes(4, "big"))


def _date(when: Instant) -> datetime:
    """MongoDB keeps milliseconds."""
    return as_datetime(when - when % 1000)
