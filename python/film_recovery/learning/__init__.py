"""What learns a recovery from pairs: closed forms, their export, and running them over whole frames.

Imports ``imaging`` only. Pairs come in through :class:`film_recovery.learning.pairs.PairSource`; a model goes
out as a TorchScript file with a sidecar (``export``). Nothing is imported here: torch is loaded when needed.
"""
