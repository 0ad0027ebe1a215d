/** How the skin at rest answers the pose, before the bones move it. */

import { Matrix4 } from "three";

/** Add to the vertices (metres) what each joint's rotation, less the identity, calls for. */
export function addCorrectives(vertices, { vertex, joint, moved, unit }, bones) {
  const turns = bones.map(turnOf);
  for (let row = 0; row < vertex.length; row++) {
    const turn = turns[joint[row]];
    const target = vertex[row] * 3;
    for (let axis = 0; axis < 3; axis++) {
      const start = row * 27 + axis * 9;
      let sum = 0;
      for (let entry = 0; entry < 9; entry++) sum += moved[start + entry] * turn[entry];
      vertices[target + axis] += sum * unit[row];
    }
  }
}

/** A bone's rotation matrix less the identity, row by row. */
function turnOf(bone) {
  const columns = new Matrix4().makeRotationFromQuaternion(bone.quaternion).elements;
  return [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => columns[column * 4 + row] - (row === column ? 1 : 0)));
}
