/** Rows over time: which foot stands, and how sure each part of the body is. */

import { element } from "./plots.js";

const POINTS = ["Left heel", "Left toe", "Right heel", "Right toe"];
const MOST_COLUMNS = 4096;

/** Fill the element with a row for heel and toe of each foot. */
export function showContacts(parent, person, frames, colours) {
  const rows = POINTS.map((name, point) => ({
    name,
    colour: point < 2 ? colours.left : colours.right,
    strength: (sample) => person.contacts[sample * POINTS.length + point],
    words: (mean) => `stands in ${Math.round(100 * mean)} % of the frames`,
  }));
  showRows(parent, rows, person, frames);
}

/** Fill the element with a row for each part of the body; hatched where nobody was seen. */
export function showConfidence(parent, person, frames, regions, colours) {
  const rows = regions.map((region, row) => ({
    name: region[0].toUpperCase() + region.slice(1),
    colour: colours.confidence,
    unseen: colours.unseen,
    strength: (sample) => person.confidence[sample * regions.length + row] / 255,
    words: (mean) => `mean confidence ${mean.toFixed(2)}`,
  }));
  showRows(parent, rows, person, frames);
}

function showRows(parent, rows, person, frames) {
  parent.replaceChildren();
  const names = element("div", "names", parent);
  const track = element("div", "track lanes", parent);
  for (const row of rows) {
    element("span", "", names).textContent = row.name;
    track.append(paint(row, person, frames));
  }
  element("div", "cursor", track);
}

function paint(row, person, frames) {
  const canvas = element("canvas", "lane");
  canvas.width = Math.min(frames, MOST_COLUMNS);
  canvas.height = 1;
  const brush = canvas.getContext("2d");
  let sum = 0;
  for (let sample = 0; sample < person.frames; sample++) sum += row.strength(sample);
  for (let column = 0; column < canvas.width; column++) {
    const sample = Math.floor((column * frames) / canvas.width) - person.first;
    if (sample < 0 || sample >= person.frames) continue;
    const isHatched = row.unseen && !person.observed[sample];
    brush.globalAlpha = isHatched ? (column % 2 ? 1 : 0.2) : row.strength(sample);
    brush.fillStyle = isHatched ? row.unseen : row.colour;
    brush.fillRect(column, 0, 1, 1);
  }
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${row.name}: ${row.words(sum / person.frames)}`);
  return canvas;
}
