"""Reports: checked parameters, one snapshot of the marts, a stored result, and its renderings."""
