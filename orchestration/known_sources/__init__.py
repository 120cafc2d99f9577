"""Which sources the warehouse was filled from; another one is refused before anything of it is loaded."""
