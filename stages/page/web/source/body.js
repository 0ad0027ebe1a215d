/** One person's skin on his skeleton. */

import {
  Bone, BufferAttribute, BufferGeometry, Group, Matrix4, MeshStandardMaterial, Quaternion, Skeleton, SkinnedMesh,
  Vector3,
} from "three";
import { addCorrectives } from "./correctives.js";

const UNSEEN_OPACITY = 0.35;

export class Figure {
  /**
   * @param person as packed by stages/page/motions.py
   * @param body what its body's shapes share
   */
  constructor(person, body) {
    this.person = person;
    this.body = body;
    this.material = new MeshStandardMaterial({ roughness: 0.75, metalness: 0 });
    this.bones = makeBones(person.restJoints, body.parents);
    this.group = new Group();
    this.group.matrixAutoUpdate = false;
    this.restVertices = Float32Array.from(person.restVertices, (unit) => unit * body.vertexUnit);
    this.mesh = this.#skin(body);
    this.group.add(this.bones[0], this.mesh);
    this.sample = -1;
  }

  /** Row of this person's arrays for a frame of the page; -1 where the motion has none. */
  sampleAt(frame) {
    const sample = frame - this.person.first;
    return sample >= 0 && sample < this.person.frames ? sample : -1;
  }

  /** Take the pose of a frame of the page; hide where there is none, fade where nobody was seen. */
  pose(frame) {
    this.sample = this.sampleAt(frame);
    this.group.visible = this.sample >= 0;
    if (this.sample < 0) return;
    const { rotations, roots, observed } = this.person;
    this.bones.forEach((bone, joint) => bone.quaternion.fromArray(rotations, (this.sample * this.bones.length + joint) * 4));
    this.bones[0].position.fromArray(roots, this.sample * 3);
    this.#correct();
    const isSeen = observed[this.sample] === 1;
    if (this.material.transparent === isSeen) this.material.needsUpdate = true;
    this.material.transparent = !isSeen;
    this.material.opacity = isSeen ? 1 : UNSEEN_OPACITY;
  }

  /** Where the bones are in the room, metres. */
  joints() {
    this.group.updateMatrixWorld(true);
    return this.bones.map((bone) => new Vector3().setFromMatrixPosition(bone.matrixWorld).toArray());
  }

  /** Where the skin is in the room, metres: as the graphics card computes it. */
  vertices() {
    this.group.updateMatrixWorld(true);
    const { count } = this.mesh.geometry.attributes.position;
    return Array.from({ length: count }, (_, row) => this.mesh.getVertexPosition(row, new Vector3()).applyMatrix4(this.mesh.matrixWorld).toArray());
  }

  /** The person's camera, before it turns: pose in his world. */
  worldFromCamera() {
    return new Matrix4().set(...this.person.worldFromCamera);
  }

  /** The camera as it has turned in the frame that is shown. */
  worldFromTurnedCamera() {
    const { cameraTurns } = this.person;
    if (cameraTurns.length === 0) return this.worldFromCamera();
    const turn = new Quaternion().fromArray(cameraTurns, Math.max(this.sample, 0) * 4);
    return this.worldFromCamera().multiply(new Matrix4().makeRotationFromQuaternion(turn));
  }

  #skin(body) {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(this.restVertices.slice(), 3));
    geometry.setAttribute("skinIndex", new BufferAttribute(body.joint, 4));
    geometry.setAttribute("skinWeight", new BufferAttribute(sharesOf(body.weight), 4));
    geometry.setIndex(new BufferAttribute(body.faces, 1));
    geometry.computeVertexNormals();
    const mesh = new SkinnedMesh(geometry, this.material);
    mesh.frustumCulled = false;
    mesh.castShadow = true;
    this.bones[0].updateMatrixWorld(true);
    mesh.bind(new Skeleton(this.bones), new Matrix4());
    return mesh;
  }

  #correct() {
    const { position } = this.mesh.geometry.attributes;
    position.array.set(this.restVertices);
    addCorrectives(position.array, this.body.correctives, this.bones);
    position.needsUpdate = true;
  }
}

/** Shares of four joints that sum to one: a share of 255 too much moves the skin of somebody far off by centimetres. */
function sharesOf(weight) {
  const shares = Float32Array.from(weight);
  for (let row = 0; row < shares.length; row += 4) {
    const sum = shares[row] + shares[row + 1] + shares[row + 2] + shares[row + 3];
    for (let column = row; column < row + 4; column++) shares[column] /= sum;
  }
  return shares;
}

function makeBones(restJoints, parents) {
  const place = parents.map((_, joint) => new Vector3().fromArray(restJoints, joint * 3));
  const bones = parents.map(() => new Bone());
  parents.forEach((parent, joint) => {
    bones[joint].position.copy(place[joint]);
    if (parent < 0) return;
    bones[joint].position.sub(place[parent]);
    bones[parent].add(bones[joint]);
  });
  return bones;
}
