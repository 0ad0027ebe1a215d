"""BVH files: read strictly, their joints placed, and a person's limbs found among them.

Lengths are in the file's unit and directions in its axes; `models.retarget` makes metres and Y up of them.
"""
