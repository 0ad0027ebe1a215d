"""What other programs found of a person's motion, brought in where it fits: keypoints, rotations, a refinement."""
