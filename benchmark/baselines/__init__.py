"""Other people's solvers, written anew from their papers: what ours is measured against."""
