"""What can be measured between two pictures. numpy only; imports ``imaging`` only.

The caller crops to the region that counts. Every function names the domain that it expects: *encoded* (0–1,
as displayed) or *graph values* (whatever the node graph carries).
"""
