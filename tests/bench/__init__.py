"""The benchmark: `make bench`. Not a test: it compares servers side by side in one run, since machines drift."""
