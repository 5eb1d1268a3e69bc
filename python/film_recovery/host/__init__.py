"""What a host of node graphs can do, and two hosts: NukeX, and a .nk file without it. Light.

``base.Host`` is the contract; ``script`` and ``nuke`` keep it. Whatever the plugin does to a script it does through
a host, so that all of it runs, and is tested, without Nuke.
"""
