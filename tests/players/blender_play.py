"""Plays files in Blender and writes where their joints are: python blender_play.py RATE OUT.npz FILE[:PICTURE.png]...

Runs in Blender's own Python (tests/envs/bpy.txt), which knows nothing of Kinetrace. Metres, Y up.
"""

import sys
from pathlib import Path

import bpy
import numpy as np


def load(path: Path, rate_hz: int) -> bpy.types.Object:
    """The armature of a file in an empty scene, as the manual of each importer has it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = rate_hz
    if path.suffix == ".bvh":
        bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01, axis_forward="-Z", axis_up="Y")
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
    (armature,) = (thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE")
    return armature


def played(armature: bpy.types.Object) -> dict[str, np.ndarray]:
    """Places of all bones' heads (frames 3), from the action's first frame to its last."""
    first, last = (round(edge) for edge in armature.animation_data.action.frame_range)
    places = {bone.name: [] for bone in armature.pose.bones}
    for frame in range(first, last + 1):
        bpy.context.scene.frame_set(frame)
        for bone in armature.pose.bones:
            x, y, z = armature.matrix_world @ bone.head
            places[bone.name].append((x, z, -y))
    return {name: np.array(rows) for name, rows in places.items()}


def photograph(armature: bpy.types.Object, picture: Path) -> None:
    """What a person sees halfway through, by Blender's own renderer; bones become sticks, for it draws none."""
    scene = bpy.context.scene
    first, last = armature.animation_data.action.frame_range
    scene.frame_set(round((first + last) / 2))
    for bone in armature.pose.bones:
        curve = bpy.data.curves.new(bone.name, "CURVE")
        curve.dimensions, curve.bevel_depth = "3D", 0.012
        line = curve.splines.new("POLY")
        line.points.add(1)
        for point, end in zip(line.points, (bone.head, bone.tail), strict=True):
            point.co = (*(armature.matrix_world @ end), 1)
        scene.collection.objects.link(bpy.data.objects.new(bone.name, curve))
    heads = np.array([armature.matrix_world @ bone.head for bone in armature.pose.bones])
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location = heads.mean(axis=0) + np.array([1.5, -4, 0.5])
    camera.rotation_euler = np.radians([84, 0, 20])
    scene.collection.objects.link(camera)
    scene.camera = camera
    light = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    light.data.energy, light.rotation_euler = 4, (0.7, 0.3, 0)
    scene.collection.objects.link(light)
    scene.world = bpy.data.worlds.new("world")
    scene.world.color = (0.4, 0.4, 0.4)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 8
    scene.render.resolution_x = scene.render.resolution_y = 480
    scene.render.filepath = str(picture)
    bpy.ops.render.render(write_still=True)


def main(rate_hz: int, out: Path, files: list[str]) -> None:
    """Play every file in turn."""
    found: dict[str, np.ndarray] = {}
    for argument in files:
        name, _, picture = argument.partition(":")
        path = Path(name)
        armature = load(path, rate_hz)
        found |= {f"{path.name}/{bone}": places for bone, places in played(armature).items()}
        if picture:
            photograph(armature, Path(picture))
    np.savez(out, **found)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
