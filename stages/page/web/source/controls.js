/** Buttons, slider, keys and dragging along a plot: all of them tell one player what to do. */

const SPEEDS = ["0.1", "0.25", "0.5", "1", "2"];
const TEN = 10;
const byId = (id) => document.getElementById(id);

/** Connect everything that moves the time. */
export function connectPlayback(player) {
  byId("slider").max = player.timeline.frames - 1;
  byId("slider").addEventListener("input", (event) => player.seek(Number(event.target.value)));
  byId("play").addEventListener("click", () => toggle(player));
  byId("back").addEventListener("click", () => player.seek(player.frame - 1));
  byId("forward").addEventListener("click", () => player.seek(player.frame + 1));
  byId("speed").addEventListener("change", (event) => player.setSpeed(Number(event.target.value)));
  player.changed = () => {
    byId("play").setAttribute("aria-label", player.isPlaying ? "Pause" : "Play");
    byId("play").classList.toggle("moving", player.isPlaying);
  };
  document.addEventListener("pointerdown", (event) => startDrag(event, player));
}

/** Connect keys; those that a focused control needs for itself stay its own. */
export function connectKeys(player, { toggleOverlay, nextPerson }) {
  const step = (event) => (event.shiftKey ? TEN : 1);
  const actions = {
    " ": () => toggle(player),
    ArrowLeft: (event) => player.seek(player.frame - step(event)),
    ArrowRight: (event) => player.seek(player.frame + step(event)),
    Home: () => player.seek(0),
    End: () => player.seek(player.timeline.frames - 1),
    "[": () => changeSpeed(player, -1),
    "]": () => changeSpeed(player, 1),
    o: toggleOverlay,
    p: nextPerson,
  };
  document.addEventListener("keydown", (event) => {
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey || needs(event.target, event.key)) return;
    event.preventDefault();
    action(event);
  });
}

/** Write the frame and the time where the hand and the eye look for them. */
export function showTime(player, frame) {
  const { rate, frames } = player.timeline;
  byId("slider").value = frame;
  byId("slider").setAttribute("aria-valuetext", `frame ${frame} of ${frames - 1}, ${(frame / rate).toFixed(2)} seconds`);
  byId("clock-time").textContent = (frame / rate).toFixed(2);
  byId("clock-frame").textContent = `${frame}/${frames - 1}`;
  document.documentElement.style.setProperty("--at", frames > 1 ? frame / (frames - 1) : 0);
}

function toggle(player) {
  if (player.isPlaying) player.pause();
  else player.play();
}

function changeSpeed(player, by) {
  const select = byId("speed");
  const row = Math.min(Math.max(SPEEDS.indexOf(select.value) + by, 0), SPEEDS.length - 1);
  select.value = SPEEDS[row];
  player.setSpeed(Number(SPEEDS[row]));
}

function needs(target, key) {
  if (target.matches("select, textarea, input[type=radio], input[type=checkbox]")) return key === " " || key.startsWith("Arrow") || target.matches("select");
  return key === " " && target.matches("button, a, summary");
}

/** Along a plot or strip the pointer takes the time with it. */
function startDrag(event, player) {
  const track = event.target.closest?.(".track");
  if (!track || event.button !== 0) return;
  const move = ({ clientX }) => {
    const { left, width } = track.getBoundingClientRect();
    player.seek(((clientX - left) / width) * (player.timeline.frames - 1));
  };
  const stop = () => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", stop);
    removeEventListener("pointercancel", stop);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", stop);
  addEventListener("pointercancel", stop);
  move(event);
}
