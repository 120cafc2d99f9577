"""Customer Dynamics: clients and balances at the end of each period, refills, use and packages within it."""
