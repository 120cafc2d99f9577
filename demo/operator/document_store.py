"""Where made-up documents go: a database of a MongoDB server, marked with the recipe."""

from collections.abc import Collection as Names
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pymongo
from pymongo.database import Database
from pymongo.errors import PyMongoError

from demo.errors import DemoError
from demo.operator.recipe import MARK, Recipe

MARK_COLLECTION = "made_up"

Documents = Database[dict[str, Any]]


def existing_documents_recipe(url: str) -> Recipe | None:
    """The recipe of the made-up documents in a database, or None without any."""
    with _database(url) as database:
        mark = database[MARK_COLLECTION].find_one({})
        return None if mark is None else Recipe.from_comment(str(mark.get("recipe", "")))


@contextmanager
def filled_documents(url: str, recipe: Recipe, collections: Names[str]) -> Generator[Documents]:
    """Empty the collections, have the block fill them, then mark the database with the recipe.

    Collections that are not made up are left alone: DemoError names the first.
    """
    with _database(url) as database:
        present = set(database.list_collection_names())
        taken = sorted(present & set(collections))
        if taken and MARK_COLLECTION not in present:
            raise DemoError(
                f"the middleware database has a collection {taken[0]} that is not made up:"
                " give the made-up operator an empty database"
            )
        mark = database[MARK_COLLECTION]
        mark.delete_many({})
        mark.insert_one({"recipe": f"{MARK}, unfinished"})
        for name in collections:
            database.drop_collection(name)
        yield database
        mark.delete_many({})
        mark.insert_one({"recipe": recipe.as_comment()})


@contextmanager
def _database(url: str) -> Generator[Documents]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(url, serverSelectionTimeoutMS=5000)
    try:
        yield client.get_default_database()
    except PyMongoError as error:
        reason = str(error).partition(",")[0]
        raise DemoError(f"the middleware database cannot be used: {reason}") from None
    finally:
        client.close()
