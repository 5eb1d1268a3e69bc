"""``python -m film_recovery …``: the command line, as torchrun starts it."""

from film_recovery.cli.main import main

if __name__ == "__main__":
    main()
