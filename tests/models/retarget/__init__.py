"""Tests of carrying the person of a BVH over to a body."""
