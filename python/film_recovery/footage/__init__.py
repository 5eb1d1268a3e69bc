"""An element over time: what its files say, where it is cut, repeated, damaged, and how two of them run together.

Figures in, plain data out; nothing here knows a project or a check.
"""
