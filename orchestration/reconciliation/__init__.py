"""What the warehouse is held against: the source's live balances, its row counts, and itself."""
