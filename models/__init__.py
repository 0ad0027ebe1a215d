"""The floor: maths, bodies, networks, weights; knows no video."""
