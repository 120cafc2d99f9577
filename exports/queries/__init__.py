"""Saved queries: a report's question kept under a title, and the instants at which it is due."""
