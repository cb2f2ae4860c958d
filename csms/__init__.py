"""The central system: charge boxes, their transactions, and the commands that move them. Knows nothing of HTTP."""
