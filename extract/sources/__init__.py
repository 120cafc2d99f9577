"""The reference operator's sources. An installation with other tables maps them here."""
