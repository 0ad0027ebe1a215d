/** The page's colours, as its style sheet gives them for light or dark. */

/** Read them anew: they change with the system's theme. */
export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    left: colour("left"),
    right: colour("right"),
    path: colour("path"),
    axis: colour("grid-axis"),
    grid: colour("grid"),
    confidence: colour("accent"),
    unseen: colour("muted"),
    people: [0, 1, 2, 3].map((row) => colour(`person-${row}`)),
  };
}

/** Call back when the theme changes. */
export function onThemeChange(changed) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changed(readColours()));
}
