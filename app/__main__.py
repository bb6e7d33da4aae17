"""`python -m app` is the same as `instance-select`."""

from app.cli import main

main()
