"""Charts of stored results: one definition each, drawn as pictures and as a workbook's own charts."""
