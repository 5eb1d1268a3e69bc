"""Which frames are worth training on, and why: the Reference's worth, what pairs cover, which to choose."""
