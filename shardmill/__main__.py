"""`python -m shardmill` runs the command line."""

from shardmill import main

if __name__ == "__main__":
    main()
