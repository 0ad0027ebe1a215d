"""Tests of reading BVH and of finding limbs in it."""
