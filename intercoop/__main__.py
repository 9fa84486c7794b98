"""`python -m intercoop`, where the installed command is not on the path."""

from intercoop.main import main

main()
