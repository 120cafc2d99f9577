"""`python -m orchestration` is `subdyn`."""

from orchestration.cli import main

main()
