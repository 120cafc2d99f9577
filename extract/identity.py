"""What tells one source from another, whatever login and parameters it is reached with.

Where it has one, the database's own identity follows it to another host: PostgreSQL's system identifier
with the database's oid (kept by replicas and by a failover), the uuid of a MySQL server, the uuid that every
member of a MongoDB replica set knows a collection by.
"""

import asyncio
from dataclasses import dataclass

import asyncpg

from extract import interrupts, mongo, mysql
from extract.address import Address, address_of, require_listener
from extract.errors import SourceRefused
from extract.postgresql import connected, translated
from extract.statements import text
from extract.waits import DEFAULT_WAITS, Waits, within

_NO_UUID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class SourceIdentity:
    """Where a source is, and its own identity, None where it has none or may not tell it."""

    address: Address
    own: str | None

    def is_same_as(self, other: "SourceIdentity") -> bool:
        """Whether both are one source: by its own identity, else by a host and a database they share.

        The own identity of a PostgreSQL database settles it. That of the others only tells that they are
        the same: a failover behind one host's name brings another MySQL server with the same rows.
        """
        here, there = self.address, other.address
        if here.engine != there.engine:
            return False
        if self.own is not None and self.own == other.own:
            return True
        if here.engine == "postgresql" and None not in (self.own, other.own):
            return False
        return here.leads_to(there)

    def __str__(self) -> str:
        return f"{self.address} ({self.own})" if self.own else str(self.address)


def identify_source(source: str, url: str, waits: Waits = DEFAULT_WAITS) -> SourceIdentity:
    """Connects once. Unreachable where nobody listens, else RetryLater or SourceRefused, within seconds."""
    return interrupts.run(_identify(source, url, waits))


async def _identify(source: str, url: str, waits: Waits) -> SourceIdentity:
    address = address_of(source, url)
    await require_listener(source, address, waits.connect_seconds)
    read = {"postgresql": _of_postgresql, "mysql": _of_mysql, "mongodb": _of_mongodb}[address.engine]
    return SourceIdentity(address, await read(source, url, waits))


async def _of_postgresql(source: str, url: str, waits: Waits) -> str | None:
    database = f"{source} database"
    async with connected(url, database, source, waits.connect_seconds) as connection:
        with translated(url, database, source):
            async with within(waits.connect_seconds, f"{source}: the {database} {waits.no_connection}"):
                try:
                    return await connection.fetchval(text("postgresql_identity"))
                except (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError):
                    return None


async def _of_mysql(source: str, url: str, waits: Waits) -> str | None:
    def ask() -> str | None:
        connection = mysql.connect(source, url, waits, source)
        try:
            with connection.cursor() as cursor:
                cursor.execute(text("mysql_identity"))
                found = cursor.fetchall()
        finally:
            connection.close()
        return f"{found[0][1].decode()}/{address_of(source, url).database}" if found else None

    with mysql.translated(url, source, source, waits.no_connection):
        return await asyncio.to_thread(ask)


async def _of_mongodb(source: str, url: str, waits: Waits) -> str | None:
    def ask() -> str | None:
        with mongo.connect(url, waits.connect_seconds) as client:
            database = client.get_default_database()
            try:
                found = list(database.list_collections())
            except KeyError:
                raise SourceRefused(
                    f"{source}: the {source} database answers no login, mend user or password of its URL"
                ) from None
            uuids = sorted(
                f"{one['name']} {one['info']['uuid']}"
                for one in found
                if one["type"] == "collection" and "uuid" in one.get("info", {})
            )
            given = [uuid for uuid in uuids if not uuid.endswith(_NO_UUID)]
            if given:
                return given[0]
            # a server that gives no uuids: the oldest document stands for its database
            for name in sorted(one["name"] for one in found):
                first = database[name].find_one({}, {"_id": 1}, sort=[("_id", 1)])
                if first is not None:
                    return f"{name} {first['_id']}"
            return None

    with mongo.translated(url, source, source, waits.no_connection):
        return await mongo.in_time(waits.connect_seconds, ask)
