"""What a master says of its own origin, and what proves that it is still the one that was made.

``origin`` says it, in the words that headers, sidecars and credentials share; ``source_types`` are IPTC's terms;
``sealing`` binds the frames by SHA-256 and ``verifying`` names what changed; ``bag`` packs the delivery.
"""
