"""Seat evidence: what to send with an invoice, so that whoever pays can check every number of a month."""
