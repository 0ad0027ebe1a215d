/** The floor: a grid that fades toward its rim. */

import { BufferAttribute, BufferGeometry, Color, LineBasicMaterial, LineSegments } from "three";

const CELL_M = 0.5;

/** Lines every half metre of the world within a circle; every second one stronger. */
export function floorGrid(x, z, radius, colour) {
  const cells = Math.ceil(radius / CELL_M);
  const [left, back] = [Math.round(x / CELL_M), Math.round(z / CELL_M)];
  const [points, shades] = [[], []];
  const { r, g, b } = new Color(colour);
  const add = (column, row, isStrong) => {
    const far = Math.hypot(column, row) / cells;
    points.push((left + column) * CELL_M, 0, (back + row) * CELL_M);
    shades.push(r, g, b, Math.max(0, 1 - far * far) * (isStrong ? 1 : 0.45));
  };
  for (let line = -cells; line <= cells; line++) {
    for (let step = -cells; step < cells; step++) {
      for (const along of [step, step + 1]) add(line, along, (left + line) % 2 === 0);
      for (const along of [step, step + 1]) add(along, line, (back + line) % 2 === 0);
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(points), 3));
  geometry.setAttribute("color", new BufferAttribute(new Float32Array(shades), 4));
  return new LineSegments(geometry, new LineBasicMaterial({ vertexColors: true, transparent: true, depthWrite: false }));
}
