"""`python -m csms`."""

from csms.cli import main

if __name__ == "__main__":
    main()
