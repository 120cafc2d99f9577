"""A made-up operator in the reference shape: billing and platform in SQL, middleware in MongoDB."""

from demo.operator.changes import Changes, change_customers
from demo.operator.create import Made, OperatorUrls, create
from demo.operator.recipe import Recipe
from demo.operator.stores import existing_recipe

__all__ = ["Changes", "Made", "OperatorUrls", "Recipe", "change_customers", "create", "existing_recipe"]
