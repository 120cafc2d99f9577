"""What is fast, against whom: paired runs on one machine, reported as ratios."""
