/** The room that the people move in: light, floor, ground path, contact marks, and where the camera stands. */

import {
  BufferAttribute, BufferGeometry, CircleGeometry, Color, DirectionalLight, Group, HemisphereLight, InstancedMesh,
  Line, LineBasicMaterial, LineSegments, Matrix4, Mesh, MeshBasicMaterial, PlaneGeometry, Scene, ShadowMaterial, Sphere,
  Vector3,
} from "three";
import { floorGrid } from "./grid.js";

/** Objects of this layer are in the 3D view only. */
export const ROOM_LAYER = 1;

const LIFT_M = 0.004; // above the floor, or lines flicker
const MARK = new CircleGeometry(0.05, 24).rotateX(-Math.PI / 2);
const CAMERA_M = 0.35;
const BODY_M = 1.15; // reach of raised arms and of legs, from the pelvis
const NEAR_M = 4;
const SHADOW_M = 2.2; // to every side of the chosen person

export class Room {
  constructor(figures, colours) {
    this.scene = new Scene();
    this.figures = figures;
    this.furniture = new Group();
    this.scene.add(...figures.map((figure) => figure.group), this.furniture, ...this.#lights());
    this.recolour(colours);
  }

  /** Make one person's world the room; the others stand where the common camera sees them. */
  choose(figure) {
    this.chosen = figure;
    const fromCamera = figure.worldFromCamera();
    for (const other of this.figures) {
      other.group.matrix.copy(fromCamera).multiply(other.worldFromCamera().invert());
      other.group.matrixWorldNeedsUpdate = true;
    }
    this.bounds = boundsOf(figure.person);
    this.#furnish();
    this.show(figure.person.first);
  }

  recolour(colours) {
    this.colours = colours;
    this.figures.forEach((figure, row) => figure.material.color.set(colours.people[row % colours.people.length]));
    if (this.chosen) this.#furnish();
  }

  /** Show a frame of the page: poses, the path up to now, and who stands on the floor. */
  show(frame) {
    for (const figure of this.figures) figure.pose(frame);
    const sample = Math.min(Math.max(frame - this.chosen.person.first, 0), this.chosen.person.frames - 1);
    this.place = new Vector3().fromArray(this.chosen.person.roots, sample * 3);
    this.#aimLight();
    this.walked.geometry.setDrawRange(0, sample + 1);
    this.standing.forEach((mark, point) => {
      const now = this.chosen.person.stands.find((stand) => stand.point === point && stand.from <= sample && sample < stand.to);
      mark.visible = now !== undefined;
      if (now) mark.position.set(now.x, 2 * LIFT_M, now.z);
    });
  }

  /** A ball about the chosen person and those near him, as they stand now. */
  company() {
    const places = this.figures.filter((figure) => figure.group.visible).map((figure) => this.#placeOf(figure));
    const near = places.filter((place) => place.distanceTo(this.place) < NEAR_M);
    const ball = new Sphere().setFromPoints([this.place, ...near]);
    ball.radius += BODY_M;
    return ball;
  }

  /** A figure's pelvis in the room. */
  #placeOf(figure) {
    return figure.bones[0].position.clone().applyMatrix4(figure.group.matrix);
  }

  #furnish() {
    const { colours } = this;
    this.furniture.traverse((part) => {
      part.geometry?.dispose();
      part.material?.dispose();
    });
    this.furniture.clear();
    const { center, radius } = this.bounds;
    const grid = floorGrid(center.x, center.z, radius + 3, colours.grid);
    const shadow = new Mesh(new PlaneGeometry(2 * radius + 6, 2 * radius + 6).rotateX(-Math.PI / 2), new ShadowMaterial({ opacity: 0.25 }));
    shadow.position.set(center.x, -LIFT_M, center.z);
    shadow.receiveShadow = true;
    this.walked = groundPath(this.chosen.person, colours.path, 1);
    this.standing = [0, 1, 2, 3].map((point) => new Mesh(MARK, new MeshBasicMaterial({ color: markColour(point, colours) })));
    const path = groundPath(this.chosen.person, colours.path, 0.3);
    this.furniture.add(shadow, grid, path, this.walked, contactMarks(this.chosen, colours), ...this.standing, cameraFrame(this.chosen, colours.axis));
    this.furniture.traverse((part) => part.layers.set(ROOM_LAYER));
  }

  #lights() {
    this.sun = new DirectionalLight(0xffffff, 2.2);
    this.sun.castShadow = true;
    this.sun.shadow.mapSize.set(1024, 1024);
    this.sun.shadow.radius = 4;
    this.sun.shadow.normalBias = 0.03;
    Object.assign(this.sun.shadow.camera, { left: -SHADOW_M, right: SHADOW_M, top: SHADOW_M, bottom: -SHADOW_M, near: 0.1, far: 12 });
    return [new HemisphereLight(0xffffff, 0x8d8d99, 1.6), this.sun, this.sun.target];
  }

  #aimLight() {
    this.sun.target.position.copy(this.place);
    this.sun.position.copy(this.place).add(new Vector3(1.8, 4.5, 2.4));
  }
}

/** A ball about everything that the person's pelvis passes, a body's reach wide. */
function boundsOf({ roots, frames }) {
  const places = Array.from({ length: frames }, (_, row) => new Vector3().fromArray(roots, row * 3));
  const bounds = new Sphere().setFromPoints(places);
  bounds.radius += 0.95;
  return bounds;
}

function groundPath({ roots, frames }, colour, opacity) {
  const points = new Float32Array(frames * 3);
  for (let row = 0; row < frames; row++) points.set([roots[row * 3], LIFT_M, roots[row * 3 + 2]], row * 3);
  const geometry = new BufferGeometry().setAttribute("position", new BufferAttribute(points, 3));
  return new Line(geometry, new LineBasicMaterial({ color: colour, transparent: true, opacity }));
}

/** A faint disc on the floor for every time that a heel or toe stood, where its landmark then was. */
function contactMarks({ person }, colours) {
  const material = new MeshBasicMaterial({ transparent: true, opacity: 0.3, depthWrite: false });
  const marks = new InstancedMesh(MARK, material, person.stands.length);
  marks.frustumCulled = false;
  person.stands.forEach(({ point, x, z }, row) => {
    marks.setMatrixAt(row, new Matrix4().makeTranslation(x, LIFT_M, z));
    marks.setColorAt(row, markColour(point, colours));
  });
  return marks;
}

function markColour(point, colours) {
  return new Color(point < 2 ? colours.left : colours.right);
}

/** The pyramid of the camera's view. */
function cameraFrame(figure, colour) {
  const [fx, , cx, , fy, cy] = figure.person.cameraMatrix;
  const corner = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => new Vector3((x * cx) / fx, (y * cy) / fy, 1).multiplyScalar(CAMERA_M));
  const eye = new Vector3();
  const edges = corner.flatMap((point, row) => [eye, point, point, corner[(row + 1) % 4]]);
  const geometry = new BufferGeometry().setFromPoints(edges).applyMatrix4(figure.worldFromCamera());
  return new LineSegments(geometry, new LineBasicMaterial({ color: colour }));
}
