"""One room per report: its parameters and columns, its query, and how the two become a stored result."""
