"""How one picture lies on another: solved, and, by other means, measured."""
