"""`python -m orchestration` is `subdyn`."""

from orchestration.cli import main

try:
    main()
finally:
    # An interrupt that passed text being executed, as libraries do, is noted by Python: with -m it would end
    # by SIGINT itself, whatever the exit code. The next text that is executed makes it forget.
    exec("")  # noqa: S102
