"""A made-up operator in the reference shape: billing and platform in SQL, middleware in MongoDB."""

from demo.operator.create import Made, OperatorUrls, create
from demo.operator.recipe import Recipe
from demo.operator.stores import existing_recipe

__all__ = ["Made", "OperatorUrls", "Recipe", "create", "existing_recipe"]
