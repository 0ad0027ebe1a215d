/** Plots of angles over time, as SVG that stretches, with the values at the cursor beside their names. */

const SVG = "http://www.w3.org/2000/svg";
const MOST_COLUMNS = 800; // finer than any screen shows
const SIDES = ["left", "right", "middle"];
const NAMES = { left: "Left", right: "Right", middle: "" };

/** A figure for one curve of a person; `frames` are the page's. */
export function makePlot(curve, person, frames) {
  const range = rangeOf(curve);
  const figure = element("figure", "plot");
  const readouts = {};
  const caption = element("figcaption", "", figure);
  element("h3", "", caption).textContent = curve.title;
  const values = element("p", "readouts", caption);
  const field = element("div", "field track", figure);
  const svg = field.appendChild(document.createElementNS(SVG, "svg"));
  svg.setAttribute("viewBox", `0 ${-range.high} ${Math.max(frames - 1, 1)} ${range.high - range.low}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", describe(curve));
  for (const tick of range.ticks) {
    addPath(svg, tick === 0 ? "zero" : "tick", `M0 ${-tick}H${frames}`);
    const label = element("span", "tick-label", field);
    label.textContent = `${tick}°`;
    label.style.top = `${(100 * (range.high - tick)) / (range.high - range.low)}%`;
  }
  for (const [side, band] of Object.entries(curve.bands)) {
    for (const stride of band.strides) {
      for (const width of [2, 1]) addPath(svg, `band ${side}`, bandOf(band, stride, width, person.first));
    }
  }
  for (const side of SIDES.filter((name) => name in curve.sides)) {
    addPath(svg, `curve ${side}`, pathOf(curve.sides[side], person.first));
    readouts[side] = element("span", side, values);
  }
  element("div", "cursor", field);
  const show = (sample) => {
    for (const [side, readout] of Object.entries(readouts)) {
      const text = sample < 0 ? "–" : `${Math.round(curve.sides[side][sample])}°`;
      readout.textContent = NAMES[side] ? `${NAMES[side]} ${text}` : text;
    }
  };
  return { figure, show };
}

/** Lowest and highest shown value and the lines between; at least thirty degrees, so that noise looks like noise. */
export function rangeOf(curve) {
  let [low, high] = [Infinity, -Infinity];
  for (const values of Object.values(curve.sides)) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  for (const { mean, sd } of Object.values(curve.bands)) {
    mean.forEach((value, row) => ([low, high] = [Math.min(low, value - 2 * sd[row]), Math.max(high, value + 2 * sd[row])]));
  }
  const spare = Math.max(0, 30 - (high - low)) / 2;
  [low, high] = [low - spare, high + spare];
  const step = [10, 15, 30, 45, 60, 90, 180, 360].find((size) => (high - low) / size <= 4) ?? 720;
  [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, row) => low + row * step);
  return { low, high, ticks };
}

function describe(curve) {
  const parts = Object.entries(curve.sides).map(([side, values]) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return `${NAMES[side]} ${Math.round(low)} to ${Math.round(high)} degrees`.trim();
  });
  return `${curve.title} over time: ${parts.join(", ")}`;
}

/** A line through the values; of many frames, the extremes in each column. */
function pathOf(values, first) {
  const step = Math.ceil(values.length / MOST_COLUMNS);
  const points = [];
  for (let start = 0; start < values.length; start += step) {
    let [least, most] = [start, start];
    for (let row = start; row < Math.min(start + step, values.length); row++) {
      if (values[row] < values[least]) least = row;
      if (values[row] > values[most]) most = row;
    }
    const rows = least === most ? [least] : [Math.min(least, most), Math.max(least, most)];
    for (const row of rows) points.push(`${row + first} ${(-values[row]).toFixed(2)}`);
  }
  return `M${points.join("L")}`;
}

/** The outline of mean ± width standard deviations, stretched over one stride. */
function bandOf({ mean, sd }, [start, end], width, first) {
  const point = (row, sign) => {
    const x = first + start + ((end - start) * row) / (mean.length - 1);
    return `${x.toFixed(2)} ${(-mean[row] - sign * width * sd[row]).toFixed(2)}`;
  };
  const rows = [...mean.keys()];
  return `M${[...rows.map((row) => point(row, 1)), ...rows.reverse().map((row) => point(row, -1))].join("L")}Z`;
}

function addPath(svg, kind, line) {
  const path = svg.appendChild(document.createElementNS(SVG, "path"));
  path.setAttribute("class", kind);
  path.setAttribute("d", line);
}

/** A new element, at the end of a parent if there is one. */
export function element(tag, kind, parent) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  parent?.append(made);
  return made;
}
