# The few calls of nukescripts that the plugin makes; nobody publishes stubs of it.
from nukescripts.panels import registerWidgetAsPanel as registerWidgetAsPanel
