"""The reference operator's sources. A house with other tables maps them here."""
