"""Subscriber metrics: what each subscriber is invoiced by, all of them for a month, or all months of one."""
