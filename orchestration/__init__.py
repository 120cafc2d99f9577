"""Dagster and the command line: calls extract, dbt and exports; nothing imports this package."""
