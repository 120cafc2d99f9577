"""Checks that what is closed is as it was closed, and that numbers are the sums of what stands behind."""
