"""One room per report: its parameters and columns, its query, and how the two become a stored result.

Whoever generates (a command, a schedule, a delivery), the report's `ask` answers and `exports.result.store`
is the one place that writes it down.
"""
