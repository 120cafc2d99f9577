"""One folder per report: its parameters and columns, its statements, and how they become a stored result.

Whoever generates (a command, a schedule, a delivery), the report's `ask` answers, and `result_store.store` is
the one place that writes it down.
"""
