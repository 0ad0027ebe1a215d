"""OpenSim's models without OpenSim: reading, forward and inverse kinematics, scaling, marker and motion files.

Ground and bodies: x forward, y up, z right; metres, radians, seconds, kilograms. Degrees exist in `.mot` files only.
"""
