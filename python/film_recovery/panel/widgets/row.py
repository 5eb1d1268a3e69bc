"""One check of the list: mark, title, value; opened, the reason, what to do, and what can be done right here."""

from __future__ import annotations

from film_recovery.panel import words
from film_recovery.panel.checklist import Item
from film_recovery.panel.qt import Qt, QtGui, QtWidgets, Signal, pointer
from film_recovery.panel.widgets import marks, parts, style
from film_recovery.panel.widgets.forms import FixForm, SignForm

_STATES = {"not run": "not measured yet", "fail": "stops the run", "warn": "should be put right"}


class Row(QtWidgets.QFrame):
    """``wants``: ``sign``, ``apply``, ``fix`` or ``show``, and what was given with it. ``moved``: -1 or +1 rows.

    ``toggled``: opened or closed by the operator.
    """

    wants = Signal(str, object)
    moved = Signal(int)
    toggled = Signal()

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.setObjectName("row")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.item = item
        self.is_open = False
        self.form: SignForm | FixForm | None = None
        self._hindered, self._can_show = "", ""
        self.mark = QtWidgets.QLabel()
        self.mark.setFixedWidth(marks.SIZE + 4)
        self.mark.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self.title = parts.label(item.check.title)
        self.value = QtWidgets.QLabel()
        self.value.setObjectName("quiet")
        self.value.setTextFormat(Qt.TextFormat.PlainText)
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        head = parts.line(8)
        head.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.title, 3)
        head.addWidget(self.value, 0)
        self._inside = parts.column(self, 4)
        self._inside.setContentsMargins(6, 7, 6, 7)
        self._inside.addLayout(head)
        self._details: QtWidgets.QWidget | None = None
        self._below = parts.column()
        self.update_item(item)

    def update_item(self, item: Item) -> None:
        """Another outcome of the same check."""
        self.item = item
        colour = style.colours(self.palette()).of(item.state)
        self.mark.setPixmap(marks.pixmap(item.state, colour, ratio=self.devicePixelRatioF()))
        self._elide()
        state = _STATES.get(item.state, item.state)
        self.setToolTip(f"{item.check.title}: {state}. {item.reason or item.check.why}")
        self.setAccessibleName(f"{item.check.title}: {state}")
        if self.is_open and self.form is None:
            self._fill()

    def allow(self, hindered: str, can_show: str) -> None:
        """``hindered``: why nothing may be changed now. ``can_show``: why the host cannot show the place, if not."""
        if (hindered, can_show) != (self._hindered, self._can_show):
            self._hindered, self._can_show = hindered, can_show
            if self.is_open and self.form is None:
                self._fill()

    def set_open(self, is_open: bool) -> None:
        """Shows or hides the details."""
        self.is_open = is_open
        self.form = None
        if is_open:
            self._fill()
        elif self._details is not None:
            self._details.hide()
        self.setProperty("opened", is_open)
        self.style().unpolish(self)
        self.style().polish(self)

    def last_by_tab(self) -> QtWidgets.QWidget:
        """Where the Tab key leaves it."""
        if self._details is None or not self.is_open:
            return self
        buttons: list[QtWidgets.QWidget] = list(self._buttons.findChildren(QtWidgets.QPushButton))
        return buttons[-1] if buttons else self

    def sign(self, name: str) -> None:
        """Opens the form that signs."""
        form = SignForm(name)
        form.signed.connect(lambda by, note: self._done("sign", (by, note)))
        self._put(form)
        form.start()

    def fix(self) -> FixForm:
        """Opens the form that shows a repair; the page fills it."""
        form = FixForm()
        form.applied.connect(lambda: self._done("apply", None))
        self._put(form)
        return form

    # Inside

    def _put(self, form: SignForm | FixForm) -> None:
        self.set_open(True)
        self.form = form
        form.left.connect(self._leave_form)
        if self._details is not None:
            self._buttons.hide()
            self._below.addWidget(form)

    def _leave_form(self) -> None:
        self.form = None
        self._fill()
        self.setFocus()

    def _done(self, what: str, given: object) -> None:
        self._leave_form()
        self.wants.emit(what, given)

    def _fill(self) -> None:
        """The details anew, as the check is now."""
        focus = QtWidgets.QApplication.focusWidget()
        focused = self._details is not None and focus is not None and self._details.isAncestorOf(focus)
        if self._details is not None:
            self._details.hide()
            self._details.setParent(None)
            self._details.deleteLater()
        self._details = QtWidgets.QWidget()
        inside = self._below = parts.column(self._details, 5)
        inside.setContentsMargins(marks.SIZE + 12, 2, 0, 4)
        item = self.item
        if item.reason:
            inside.addWidget(parts.label(item.reason, selectable=True))
        if item.against and item.measured not in item.reason:
            inside.addWidget(parts.label(item.against, "quiet", selectable=True))
        remedies = item.remedies if item.outcome in ("warn", "fail") else ()
        if remedies:
            inside.addWidget(parts.label("What to do", "strong"))
            for number, one in enumerate(remedies, 1):
                inside.addWidget(parts.label(f"{number}. {one}" if len(remedies) > 1 else one))
        inside.addWidget(parts.label(f"Why: {item.check.why}", "quiet"))
        if item.check.help:
            inside.addWidget(parts.label(item.check.help, "quiet"))
        self._buttons = QtWidgets.QWidget()
        buttons = parts.line()
        self._buttons.setLayout(buttons)
        self._add_buttons(buttons)
        inside.addWidget(self._buttons)
        self._inside.addWidget(self._details)
        before: QtWidgets.QWidget = self
        for one in self._buttons.findChildren(QtWidgets.QPushButton):
            self.setTabOrder(before, one)
            before = one
        if focused:
            self.setFocus()

    def _add_buttons(self, buttons: QtWidgets.QHBoxLayout) -> None:
        item = self.item
        if item.check.manual:
            text = "Sign again…" if item.is_signed else "Sign…"
            one = parts.button(text, lambda: self.wants.emit("form", None), name="sign", sign="sign")
            parts.allow(one, self._hindered, "Nothing can measure this: look, then sign with your name (S)")
            buttons.addWidget(one)
        if item.repair:
            one = parts.button("Fix…", lambda: self.wants.emit("fix", None), name="fix", sign="fix")
            parts.allow(
                one, self._hindered, "Shows what the repair would change, before anything is changed (F)"
            )
            buttons.addWidget(one)
        place = where(item)
        if place:
            one = parts.button(
                "Show me", lambda: self.wants.emit("show", item.show), name="show", sign="show"
            )
            parts.allow(one, self._can_show, f"{place} (M)")
            buttons.addWidget(one)
        buttons.addStretch(1)
        if buttons.count() == 1:
            self._buttons.hide()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        key = event.key()
        keys = Qt.Key
        if key in (keys.Key_Return, keys.Key_Enter, keys.Key_Space):
            self._toggle()
        elif key in (keys.Key_Up, keys.Key_Down):
            self.moved.emit(-1 if key == keys.Key_Up else 1)
        elif key == keys.Key_Escape and self.form is not None:
            self._leave_form()
        elif key == keys.Key_Escape and self.is_open:
            self._toggle()
        elif key == keys.Key_S and self.item.check.manual and not self._hindered:
            self.wants.emit("form", None)
        elif key == keys.Key_F and self.item.repair and not self._hindered:
            self.wants.emit("fix", None)
        elif key == keys.Key_M and where(self.item) and not self._can_show:
            self.wants.emit("show", self.item.show)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        head = max(self.title.geometry().bottom(), self.mark.geometry().bottom()) + 8
        if event.button() == Qt.MouseButton.LeftButton and pointer(event).y() <= head:
            self.setFocus()
            self._toggle()
        else:
            super().mousePressEvent(event)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        """The value beside the title: at most a third of the width, the whole of it stands in the details."""
        shown = "not yet" if self.item.is_pending else self.item.measured
        metrics = self.value.fontMetrics()
        text = metrics.elidedText(shown, Qt.TextElideMode.ElideRight, self.width() // 3)
        if text != self.value.text():
            self.value.setText(text)

    def _toggle(self) -> None:
        self.set_open(not self.is_open)
        self.toggled.emit()


def where(item: Item) -> str:
    """Where *Show me* leads, in words; empty where there is nothing to show."""
    names = (("node", "node {}"), ("frame", "frame {}"), ("file", "{}"), ("picture", "{}"))
    said = [form.format(item.show[key]) for key, form in names if item.show.get(key) not in (None, "")]
    return words.breakable("Shows " + ", ".join(said)) if said else ""
