"""Tests of OpenSim's models without OpenSim, against OpenSim."""
