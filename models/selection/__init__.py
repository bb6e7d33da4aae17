"""Which instance to rent: what is asked for, what fits at which price, and what just misses."""
