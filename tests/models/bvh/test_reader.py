"""The BVH reader understands what is right and names the line of what is wrong."""

import tracemalloc

import numpy as np
import pytest

import models.bvh.reader
from models.bvh.reader import parse_bvh, place_bvh_joints, read_bvh
from models.errors import InputError

TEXT = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Knee
  {
    OFFSET 0 -10 0
    CHANNELS 3 Yrotation Xrotation Zrotation
    End Site
    {
      OFFSET 0 -5 1
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
1 2 3 0 0 0 0 0 0
1 2 3 90 0 0 10 20 30
"""


def test_a_file_is_understood():
    read = parse_bvh(TEXT, "a.bvh")
    assert (read.names, read.parents, read.frame_time_s) == (("Hips", "Knee"), (-1, 0), 0.0333333)
    assert read.joints[1].end_site == (0, -5, 1) and read.joints[0].end_site is None
    np.testing.assert_allclose(place_bvh_joints(read), [[[1, 2, 3], [1, -8, 3]], [[1, 2, 3], [11, 2, 3]]], atol=1e-12)


def test_rotations_follow_the_order_of_the_channels():
    turn = {axis: parse_bvh(TEXT.replace("10 20 30", values), "a").parent_from_joint[1, 1]
            for axis, values in {"Y": "10 0 0", "X": "0 20 0", "Z": "0 0 30"}.items()}  # fmt: skip
    whole = parse_bvh(TEXT, "a").parent_from_joint[1, 1]
    np.testing.assert_allclose(whole, turn["Y"] @ turn["X"] @ turn["Z"], atol=1e-12)
    cosine, sine = np.cos(np.radians(30)), np.sin(np.radians(30))
    np.testing.assert_allclose(turn["Z"], [[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], atol=1e-12)


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("HIERARCHY", "\ufeffHIERARCHY", r"line 1: found .*HIERARCHY' where HIERARCHY belongs"),
        ("JOINT Knee", "JOINT Hips", r"line 6: the name 'Hips' was there before"),
        ("  {\n    OFFSET 0 -10", "    OFFSET 0 -10", r"line 7: found 'OFFSET' where \{ belongs"),
        ("  }\n}\nMOTION", "}\nMOTION", r"line 15: found 'MOTION' where JOINT or End or \} belongs"),
        ("}\nMOTION", "}\n}\nMOTION", r"line 16: found '\}' where MOTION belongs"),
        ("}\nMOTION", "}\nROOT Second\nMOTION", r"line 16: found 'ROOT' where MOTION belongs"),
        ("3 Yrotation", "3 yrotation", r"line 9: found 'yrotation' where Xposition or .* belongs"),
        ("3 Yrotation", "3 Xrotation", r"line 9: a channel is named twice"),
        ("3 Yrotation Xrotation", "2 Yrotation", r"line 9: a joint has three rotations"),
        ("6 Xposition Yposition", "5 Xposition", r"line 5: a joint has three rotations, and three positions or none"),
        ("CHANNELS 3", "CHANNELS three", r"line 9: 'three' is not a count"),
        ("OFFSET 0 -10 0", "OFFSET 0 nan 0", r"line 8: 'nan' is not finite"),
        ("OFFSET 0 -10 0", "OFFSET 0 -10", r"line 9: 'CHANNELS' is not a number"),
        ("Frames: 2", "Frames: 3", r"line 17: the file says 3 frames and holds 2"),
        ("Frames: 2", "Frames: 1", r"line 17: the file says 1 frames and holds 2"),
        ("Frames: 2", "Frames: 0", r"line 17: there is no frame"),
        ("Time: 0.0333333", "Time: 0", r"line 18: a frame lasts 0\.0 s"),
        ("1 2 3 90", "1 2 nan 90", r"line 20: 'nan' is not finite"),
        ("1 2 3 90", "1 2 x 90", r"line 20: 'x' is not a number"),
        ("1 2 3 90", "1 2 90", r"line 20: the row has 8 numbers, the channels are 9"),
        ("1 2 3 90", "1 2 1_0 90", r"line 20: '1_0' is not a number"),
        ("1 2 3 90", "1 2 \N{ARABIC-INDIC DIGIT THREE} 90", r"line 20: .* is not a number"),
        ("1 2 3 90", "1 2 -1e400 90", r"line 20: '-1e400' is not finite"),
        ("1 2 3 90", "1 2 3e12 90", r"line 20: 3e12 is beyond all measure"),
        ("1 2 3 0 0 0 0 0 0\n", "1 2 3 0 0 0 0 0 0\n\n", r"line 17: the file says 2 frames and holds 3"),
        ("0.0333333\n", "0.0333333 1 2 3\n", r"line 18: found '1' where the line ends"),
        ("Frames: 2", "Frames: -2", r"line 17: '-2' is not a count"),
        ("Frames: 2", "Frames: " + "9" * 5000, r"line 17: '9{40}' is not a count"),
        ("Frames: 2", "Frames: 999999999999", r"line 17: 999999999999 frames of 2 joints are more than"),
        ("Frame Time", "frame time", r"line 18: found 'frame' where Frame belongs"),
        ("CHANNELS 3", "CHANNELS 100000000", r"line 9: 100000000 channels are more than six"),
        ("JOINT Knee", "JOINT", r"line 6: a joint without a name"),
        ("JOINT Knee", "Joint Knee", r"line 6: found 'Joint' where JOINT or End or \} belongs"),
        ("      OFFSET 0 -5 1\n", "", r"line 12: found '\}' where OFFSET belongs"),
        ("    End Site\n", "    End\n", r"line 11: found '\{' where Site belongs"),
        ("    }\n", "    }\n    End Site { OFFSET 1 2 3 }\n", r"line 14: 'Knee' has a second end site"),
        ("MOTION\n", "", r"line 16: found 'Frames:' where MOTION belongs"),
        (TEXT[TEXT.index("MOTION") :], "", r"line 15: found 'the end of the file' where MOTION belongs"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(right, wrong, problem):
    assert TEXT.count(right) >= 1
    with pytest.raises(InputError, match=r"a\.bvh, " + problem):
        parse_bvh(TEXT.replace(right, wrong, 1), "a.bvh")


def test_a_tree_too_deep_or_too_large_is_refused_where_it_begins_to_be():
    head = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
    joint = "JOINT j%d { OFFSET 0 1 0 CHANNELS 3 Zrotation Xrotation Yrotation"
    deep = head + "".join(joint % number + "\n" for number in range(100_000))
    with pytest.raises(InputError, match="line 205: joints are nested more than 200 deep"):
        parse_bvh(deep, "a.bvh")
    wide = head + "".join(joint % number + " }\n" for number in range(100_000))
    with pytest.raises(InputError, match="line 1005: the tree has more than 1000 joints"):
        parse_bvh(wide, "a.bvh")


def test_a_file_beyond_reason_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "a.bvh"
    path.write_text(TEXT)
    monkeypatch.setattr(models.bvh.reader, "MAX_BYTES", len(TEXT) - 1)
    with pytest.raises(InputError, match=r"a\.bvh is larger than"):
        read_bvh(path)


def test_a_claim_of_many_frames_sets_no_memory_aside():
    wrong = TEXT.replace("Frames: 2", "Frames: 1499999")
    tracemalloc.start()
    with pytest.raises(InputError, match="line 17: the file says 1499999 frames and holds 2"):
        parse_bvh(wrong, "a.bvh")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_names_may_hold_blanks_and_braces_may_follow_on_the_line():
    read = parse_bvh(TEXT.replace("JOINT Knee\n  {", "JOINT Bip01 L Thigh {"), "a.bvh")
    assert read.names == ("Hips", "Bip01 L Thigh")


def test_windows_line_ends_and_blank_lines_at_the_end_are_fine():
    read = parse_bvh(TEXT.replace("\n", "\r\n") + "\r\n\r\n", "a.bvh")
    np.testing.assert_array_equal(read.parent_from_joint, parse_bvh(TEXT, "a.bvh").parent_from_joint)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_bvh(tmp_path / "none.bvh")
    (tmp_path / "a.bvh").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="is not a text file"):
        read_bvh(tmp_path / "a.bvh")
