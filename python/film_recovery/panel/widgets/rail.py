"""The stages 0 to 5 with their states: a column beside the page, a row above it where the panel is narrow."""

from __future__ import annotations

from film_recovery.panel.qt import Qt, QtCore, QtWidgets, Signal
from film_recovery.panel.widgets import marks, style
from film_recovery.panel.widgets.session import Session
from film_recovery.recipes import STAGES


class Rail(QtWidgets.QWidget):
    """``chosen``: a stage's number."""

    chosen = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._is_row = False
        self._layout = QtWidgets.QBoxLayout(QtWidgets.QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._group = QtWidgets.QButtonGroup(self)
        self.buttons: list[QtWidgets.QToolButton] = []
        for number, name in enumerate(STAGES):
            one = QtWidgets.QToolButton()
            one.setObjectName("stage")
            one.setCheckable(True)
            one.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            one.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            one.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
            one.setText(f"{number}  {name.capitalize()}")
            one.clicked.connect(lambda *_, number=number: self.chosen.emit(number))
            self._group.addButton(one, number)
            self._layout.addWidget(one)
            self.buttons.append(one)
        self._layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.show_state(0)

    def show_state(self, stage: int) -> None:
        """Marks every stage with its state, and ``stage`` as the one that is shown."""
        own = style.colours(self.palette())
        checklist = self._session.checklist
        for number, one in enumerate(self.buttons):
            state = checklist.state(number, self._session.stage_at_work) if checklist else "not run"
            title = checklist.recipe.stages[number].title if checklist else STAGES[number].capitalize()
            said = checklist.summary(number) if checklist else ""
            if one.property("state") != state:
                one.setProperty("state", state)
                one.setIcon(marks.icon(state, own.of(state)))
            one.setText(f"{number}" if self._is_row else f"{number}  {title}")
            one.setToolTip(f"{number} {title}: {state}{f' ({said})' if said else ''}. Ctrl+{number}")
            one.setAccessibleName(f"Stage {number}, {title}: {state}")
            one.setChecked(number == stage)

    def set_row(self, is_row: bool, stage: int) -> None:
        """A row where the panel is narrow, else a column."""
        if is_row == self._is_row:
            return
        self._is_row = is_row
        directions = QtWidgets.QBoxLayout.Direction
        self._layout.setDirection(directions.LeftToRight if is_row else directions.TopToBottom)
        self._layout.setAlignment(Qt.AlignmentFlag(0) if is_row else Qt.AlignmentFlag.AlignTop)
        self.show_state(stage)

    def sizeHint(self) -> QtCore.QSize:
        return super().sizeHint() if self._is_row else QtCore.QSize(150, 200)
