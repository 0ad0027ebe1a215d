// Plays a BVH or a GLB with three.js in the page and tells where the named joints are in every frame.
import * as THREE from 'three';
import { BVHLoader } from 'three/examples/jsm/loaders/BVHLoader.js';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';

const warnings = [];
for (const level of ['warn', 'error']) console[level] = (...words) => warnings.push(words.join(' '));

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
}

function loadBvh(base64) {
  const { skeleton, clip } = new BVHLoader().parse(new TextDecoder().decode(bytes(base64)));
  return { root: skeleton.bones[0], clip, bones: skeleton.bones };
}

async function loadGlb(base64) {
  const { scene, animations } = await new GLTFLoader().parseAsync(bytes(base64), '');
  const bones = [];
  scene.traverse((node) => node.isBone && bones.push(node));
  return { root: scene, clip: animations[0], bones };
}

function draw(root, bones, isBvh) {
  const renderer = new THREE.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
  renderer.setSize(640, 640);
  document.body.replaceChildren(renderer.domElement);
  const scene = new THREE.Scene();
  scene.background = new THREE.Color(0xf4f4f4);
  scene.add(root, new THREE.SkeletonHelper(root), new THREE.HemisphereLight(0xffffff, 0x666666, 3));
  const unit = isBvh ? 100 : 1;
  const grid = new THREE.GridHelper(4 * unit, 8);
  const camera = new THREE.PerspectiveCamera(40, 1, 0.01 * unit, 100 * unit);
  const middle = new THREE.Box3()
    .setFromPoints(bones.map((bone) => bone.getWorldPosition(new THREE.Vector3())))
    .getCenter(new THREE.Vector3());
  grid.position.set(middle.x, 0, middle.z);
  scene.add(grid);
  camera.position.copy(middle).add(new THREE.Vector3(1.2, 0.6, 3).multiplyScalar(unit));
  camera.lookAt(middle);
  renderer.render(scene, camera);
}

window.play = async ({ base64, kind, names, shownFrame }) => {
  warnings.length = 0;
  const { root, clip, bones } = kind === 'bvh' ? loadBvh(base64) : await loadGlb(base64);
  const mixer = new THREE.AnimationMixer(root);
  const action = mixer.clipAction(clip);
  action.setLoop(THREE.LoopOnce);
  action.clampWhenFinished = true;
  action.play();
  const joints = names.map((name) => bones.find((bone) => bone.name === name));
  const times = clip.tracks.reduce((longest, track) => (track.times.length > longest.length ? track.times : longest), []);
  const place = new THREE.Vector3();
  const seek = (time) => {
    action.paused = false;
    action.enabled = true;
    mixer.setTime(time);
    root.updateMatrixWorld(true);
  };
  const placed = Array.from(times, (time) => {
    seek(time);
    return joints.map((joint) => joint.getWorldPosition(place).toArray());
  });
  if (shownFrame !== null) {
    seek(times[shownFrame]);
    draw(root, bones, kind === 'bvh');
  }
  return { placed, duration: clip.duration, bones: bones.length, warnings: [...warnings], revision: THREE.REVISION };
};
