"""The panel's windows: Qt widgets for either binding, through ``panel.qt``. What they show is decided in ``panel``."""
