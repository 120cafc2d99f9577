"""The assets, in the street's order: raw, warehouse, reports."""
