/** The two ways to look at the room: through the film's camera, and from wherever one likes. */

import { Matrix4, PerspectiveCamera, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { ROOM_LAYER } from "./room.js";

const NEAR_M = 0.05;
const FAR_M = 200;

/** The bodies as the film's camera sees them, on nothing. */
export class FilmView {
  constructor(canvas, [width, height]) {
    this.size = [width, height];
    this.renderer = newRenderer(canvas);
    this.camera = new PerspectiveCamera();
    watchSize(canvas, this.renderer, () => this.draw());
  }

  look(room) {
    const { cameraMatrix } = room.chosen.person;
    this.room = room;
    this.camera.projectionMatrix.copy(pinhole(cameraMatrix, this.size));
    this.camera.projectionMatrixInverse.copy(this.camera.projectionMatrix).invert();
  }

  draw() {
    if (!this.room) return;
    const upright = this.room.chosen.worldFromTurnedCamera().multiply(new Matrix4().makeScale(1, -1, -1));
    upright.decompose(this.camera.position, this.camera.quaternion, this.camera.scale);
    this.renderer.render(this.room.scene, this.camera);
  }
}

/** The room, turned and moved by hand. */
export class RoomView {
  constructor(canvas) {
    this.renderer = newRenderer(canvas);
    this.renderer.shadowMap.enabled = true;
    this.camera = new PerspectiveCamera(35, 1, NEAR_M, FAR_M);
    this.camera.layers.enable(ROOM_LAYER);
    this.isFollowing = true;
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.maxPolarAngle = Math.PI * 0.55;
    this.controls.addEventListener("change", () => this.draw());
    watchSize(canvas, this.renderer, (aspect) => {
      this.camera.aspect = aspect;
      this.camera.updateProjectionMatrix();
      this.draw();
    });
  }

  look(room) {
    this.room = room;
    this.from(this.sight ?? "front");
  }

  /** Go along with the chosen person, or look at all of the way. */
  follow(isFollowing) {
    this.isFollowing = isFollowing;
    this.from(this.sight);
  }

  /** Look from the film camera's side, at an angle to it, across it, or from above. */
  from(sight) {
    this.sight = sight;
    const { center, radius } = this.isFollowing ? this.room.company() : this.room.bounds;
    const toward = { camera: this.#towardCamera(), front: this.#quarter(), side: this.#across(), top: new Vector3(0, 1, 1e-3) }[sight];
    const half = (this.camera.fov * Math.PI) / 360;
    const distance = radius / Math.sin(Math.atan(Math.tan(half) * Math.min(1, this.camera.aspect)));
    this.followed = this.#person();
    this.controls.target.copy(center);
    this.camera.position.copy(center).addScaledVector(toward.normalize(), distance);
    this.controls.update();
    this.draw();
  }

  draw() {
    if (!this.room) return;
    if (this.isFollowing) this.#goAlong();
    this.renderer.render(this.room.scene, this.camera);
  }

  #goAlong() {
    const place = this.#person();
    const step = place.clone().sub(this.followed);
    this.followed = place;
    this.camera.position.add(step);
    this.controls.target.add(step);
  }

  /** Half-way up the chosen person, whatever he does with his pelvis. */
  #person() {
    return this.room.place.clone().setY(this.room.bounds.center.y);
  }

  #towardCamera() {
    return new Vector3().setFromMatrixPosition(this.room.chosen.worldFromCamera()).sub(this.room.bounds.center).setY(0).normalize().setY(0.12);
  }

  #across() {
    return this.#towardCamera().applyAxisAngle(new Vector3(0, 1, 0), Math.PI / 2);
  }

  #quarter() {
    return this.#towardCamera().setY(0.3).applyAxisAngle(new Vector3(0, 1, 0), Math.PI / 5);
  }
}

function newRenderer(canvas) {
  const renderer = new WebGLRenderer({ canvas, alpha: true, antialias: true });
  renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
  renderer.setClearColor(0x000000, 0);
  return renderer;
}

function watchSize(canvas, renderer, resized) {
  new ResizeObserver(() => {
    const { clientWidth, clientHeight } = canvas;
    if (!clientWidth || !clientHeight) return;
    renderer.setSize(clientWidth, clientHeight, false);
    resized(clientWidth / clientHeight);
  }).observe(canvas);
}

/** OpenGL's projection of a pinhole camera (x right, y down) whose picture fills the view. */
function pinhole([fx, , cx, , fy, cy], [width, height]) {
  return new Matrix4().set(
    (2 * fx) / width, 0, 1 - (2 * cx) / width, 0,
    0, (2 * fy) / height, (2 * cy) / height - 1, 0,
    0, 0, -(FAR_M + NEAR_M) / (FAR_M - NEAR_M), (-2 * FAR_M * NEAR_M) / (FAR_M - NEAR_M),
    0, 0, -1, 0,
  );
}
