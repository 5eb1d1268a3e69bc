"""Folders of pairs: what lies in them, whether it can be trusted, and how it is divided.

Pairs of pictures by name, their preflight (bit depth, profiles, saturation), and the split into training,
validation and test sets with its manifest. Stands between files and ``learning``: gives a PairSource.
"""
