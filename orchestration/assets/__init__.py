"""The assets, in the order of the data: raw, warehouse, reports."""
