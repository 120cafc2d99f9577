"""Brings what moved in the sources into the warehouse's raw schemas; knows nothing of metrics."""
