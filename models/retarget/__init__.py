"""The person of a BVH on a body: who he is, how his joints lie against the SMPL tree's, which shape and pose follow.

World: right-handed, metres, Y up, floor y = 0.
"""
