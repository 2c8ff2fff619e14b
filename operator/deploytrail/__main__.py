"""python -m deploytrail."""

from deploytrail.cli import main

if __name__ == "__main__":
    main()
