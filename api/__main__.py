"""`python -m api` is `onrecord`, where the package is not installed but only its requirements are (the
Procfile's platform)."""

from api.cli import main

main()
