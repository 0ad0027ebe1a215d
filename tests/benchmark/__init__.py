"""Benchmarks run on small inputs."""
