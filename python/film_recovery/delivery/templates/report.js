// Turns the three pictures of each still into a wipe. Without it they stand side by side.
"use strict";
document.documentElement.classList.add("wiping");
for (const still of document.querySelectorAll(".still")) {
  const stage = still.querySelector(".stage");
  const range = stage.querySelector("input");
  const pixels = still.querySelector(".pixels");
  const shots = [...stage.querySelectorAll(".shot")];
  const name = (shot) => shot.querySelector(".tag").textContent;

  const move = (share) => {
    range.value = share;
    const left = stage.querySelector("[data-side=left]");
    const right = stage.querySelector("[data-side=right]");
    stage.style.setProperty("--wipe", range.value + "%");
    if (left && right) {
      const part = Math.round(range.value);
      range.setAttribute("aria-valuetext", `${name(left)} ${part} %, ${name(right)} ${100 - part} %`);
    }
  };

  const view = (pair) => {
    stage.classList.toggle("apart", pair === "all");
    const [left, right] = pair.split("-").map(Number);
    shots.forEach((shot, place) => {
      shot.dataset.side = pair === "all" ? "apart" : place === left ? "left" : place === right ? "right" : "off";
    });
    range.disabled = pixels.disabled = pair === "all";
    move(range.value);
  };

  for (const choice of still.querySelectorAll(".views input")) {
    choice.addEventListener("change", () => view(choice.value));
    if (choice.checked) view(choice.value);
  }
  pixels.addEventListener("click", () => pixels.setAttribute("aria-pressed", stage.classList.toggle("actual")));
  range.addEventListener("input", () => move(range.value));

  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    move(Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100)));
  };
  stage.addEventListener("pointerdown", (event) => {
    if (range.disabled || event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    range.focus({ preventScroll: true });
    follow(event);
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });
}

// Older browsers print a closed stage closed; newer ones follow the style sheet.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
