/** One person's skin on his skeleton. */

import {
  Bone, BufferAttribute, BufferGeometry, Group, Matrix4, MeshStandardMaterial, Skeleton, SkinnedMesh, Vector3,
} from "three";

const UNSEEN_OPACITY = 0.35;

export class Figure {
  /**
   * @param person as packed by stages/page/motions.py
   * @param body what its body's shapes share
   */
  constructor(person, body) {
    this.person = person;
    this.material = new MeshStandardMaterial({ roughness: 0.75, metalness: 0 });
    this.bones = makeBones(person.restJoints, body.parents);
    this.group = new Group();
    this.group.matrixAutoUpdate = false;
    this.group.add(this.bones[0], this.#skin(body));
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

  /** The person's camera: pose in his world. */
  worldFromCamera() {
    return new Matrix4().set(...this.person.worldFromCamera);
  }

  #skin(body) {
    const { restVertices } = this.person;
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(Float32Array.from(restVertices, (unit) => unit * body.vertexUnit), 3));
    geometry.setAttribute("skinIndex", new BufferAttribute(body.joint, 4));
    geometry.setAttribute("skinWeight", new BufferAttribute(body.weight, 4, true));
    geometry.setIndex(new BufferAttribute(body.faces, 1));
    geometry.computeVertexNormals();
    const mesh = new SkinnedMesh(geometry, this.material);
    mesh.normalizeSkinWeights();
    mesh.frustumCulled = false;
    mesh.castShadow = true;
    this.bones[0].updateMatrixWorld(true);
    mesh.bind(new Skeleton(this.bones), new Matrix4());
    return mesh;
  }
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
