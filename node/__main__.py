"""`python -m node` is `obverse`."""

from node.cli import main

if __name__ == "__main__":
    main()
