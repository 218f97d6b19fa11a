"""``python -m lossmatters``."""

from lossmatters.cli import main

if __name__ == "__main__":
    main()
