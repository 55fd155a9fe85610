"""``python -m hub``, and the console script ``hub``."""

from hub.cli.main import main

if __name__ == "__main__":
    main()
