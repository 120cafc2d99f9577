"""Two stored results of one report: which cells differ, and which late or changed facts may have done it."""
