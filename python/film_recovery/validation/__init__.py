"""What proves a recovery: measures frame by frame and over time, scopes, composites.

``frame`` measures one frame, ``course`` what only consecutive frames show, ``scopes`` draws waveform and vectorscope,
``composite`` lays the recovered channel over the Source, as pixels and as script text. Nothing here judges: tolerances
stand in ``recipes``, and ``stages`` holds figures against them.
"""
