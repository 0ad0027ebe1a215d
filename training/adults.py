"""Adults as anthropometry knows them: mean and covariance of the lengths between joint centres, to draw people from.

Means, as shares of stature (men 1.756 m, women 1.628 m: ANSUR II, Gordon et al. 2014, US Army Natick TR-15/007) or in
metres: upper arm and forearm between joint centres from de Leva (1996, table 4); thigh and shank are ANSUR II's links
between trochanterion, lateral femoral epicondyle and lateral malleolus, whose heights are taken for those of the joint
centres; foot length, biacromial and bicristal breadth are shares in ANSUR II's public file.

Covariance: within-sex covariance of the logarithms of the same lengths of 32 consecutive men of ANSUR II's public
file (RECORDS); the women's is taken to be the same.

Assumed, since no landmark shows them: of the foot's length 0.57 lies between ankle and metatarsal heads, of the hand's
length 0.45 between wrist and knuckles, of the biacromial breadth 0.89 between the shoulders' centres, of the bicristal
breadth 0.61 between the hips' (72 % of the inter-ASIS width: Bell et al. 1990; ASIS to crest assumed 0.85), of the
height from trochanter to C7 0.87 from pelvis to neck, of the height from C7 to the crown 0.43 from neck to head.
"""

from typing import Final

import numpy as np
from jaxtyping import Float

MEASURES: Final = (
    "stature", "acromion-radiale", "radiale-stylion", "trochanterion height", "lateral femoral epicondyle height",
    "lateral malleolus height", "biacromial breadth", "foot length", "hand length", "cervicale height",
    "bicristal breadth",
)  # fmt: skip
RECORDS: Final = np.array([
    (1745, 351, 274, 924, 490, 70, 403, 278, 193, 1500, 274), (1818, 332, 249, 934, 506, 82, 400, 271, 196, 1568, 270),
    (1881, 361, 274, 988, 523, 81, 414, 262, 192, 1620, 276), (1760, 352, 281, 911, 508, 82, 400, 273, 201, 1521, 261),
    (1675, 320, 256, 882, 459, 69, 398, 269, 187, 1447, 258), (1852, 374, 291, 1020, 522, 76, 428, 280, 195, 1615, 301),
    (1785, 326, 271, 944, 487, 73, 427, 265, 193, 1525, 261), (1791, 360, 278, 948, 515, 75, 410, 284, 194, 1542, 287),
    (1685, 334, 261, 887, 470, 78, 361, 236, 183, 1452, 268), (1850, 361, 293, 976, 532, 72, 448, 295, 197, 1616, 293),
    (1737, 339, 274, 912, 497, 74, 395, 284, 210, 1488, 243), (1743, 310, 263, 885, 488, 82, 422, 275, 196, 1484, 267),
    (1744, 339, 265, 909, 472, 70, 386, 250, 184, 1501, 259), (1679, 325, 258, 882, 480, 75, 420, 258, 189, 1440, 264),
    (1836, 327, 263, 953, 513, 78, 413, 293, 206, 1583, 285), (1730, 314, 257, 927, 484, 75, 428, 269, 190, 1501, 274),
    (1762, 323, 259, 912, 505, 86, 410, 272, 198, 1522, 291), (1669, 300, 250, 838, 458, 73, 404, 256, 190, 1411, 268),
    (1740, 343, 262, 886, 487, 70, 388, 260, 200, 1490, 267), (1709, 332, 261, 897, 474, 74, 407, 237, 183, 1485, 269),
    (1879, 353, 262, 991, 526, 87, 391, 295, 212, 1601, 264), (1674, 314, 254, 856, 469, 74, 393, 255, 184, 1440, 279),
    (1779, 321, 269, 911, 494, 87, 416, 287, 206, 1530, 301), (1844, 358, 290, 972, 531, 71, 419, 279, 203, 1596, 288),
    (1637, 311, 255, 863, 440, 64, 379, 255, 187, 1426, 263), (1754, 335, 274, 933, 490, 81, 399, 268, 185, 1519, 276),
    (1704, 293, 247, 860, 468, 79, 406, 265, 190, 1456, 262), (1840, 375, 302, 983, 547, 83, 448, 283, 213, 1600, 334),
    (1783, 347, 304, 984, 512, 69, 394, 282, 196, 1543, 258), (1748, 331, 248, 879, 470, 69, 403, 253, 187, 1501, 267),
    (1703, 342, 258, 898, 471, 72, 440, 267, 189, 1492, 287), (1852, 356, 281, 960, 516, 77, 449, 286, 205, 1597, 296),
])  # fmt: skip
"""Millimetres; one man a row."""

BONES: Final = (
    ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("left_wrist", "left_hand"),
    ("left_hip", "left_knee"), ("left_knee", "left_ankle"), ("left_ankle", "left_foot"), ("pelvis", "neck"),
    ("neck", "head"), ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
)  # fmt: skip
"""The joints between which the lengths are, in the order of everything here."""

STATURE_M: Final = (1.756, 1.628)
MEAN_M: Final = np.array([
    (0.1618 * 1.756, 0.1545 * 1.756, 0.45 * 0.110 * 1.756, 0.4093, 0.4188, 0.57 * 0.154 * 1.756, 0.87 * 0.596,
     0.43 * 0.242, 0.89 * 0.2368 * 1.756, 0.61 * 0.1569 * 1.756),
    (0.1586 * 1.628, 0.1523 * 1.628, 0.45 * 0.110 * 1.628, 0.3794, 0.4032, 0.57 * 0.151 * 1.628, 0.87 * 0.552,
     0.43 * 0.224, 0.89 * 0.2244 * 1.628, 0.61 * 0.1679 * 1.628),
])  # fmt: skip
"""Men, women. Trunk and neck of the women: the men's of RECORDS by the ratio of statures."""


def draw_adults(count: int, seed: int) -> Float[np.ndarray, "adults lengths"]:
    """Lengths of BONES in metres: men and women in turn."""
    rng = np.random.default_rng(seed)
    deviation = rng.multivariate_normal(np.zeros(len(BONES)), log_covariance(), size=count)
    return MEAN_M[np.arange(count) % 2] * np.exp(deviation)


def log_covariance() -> Float[np.ndarray, "lengths lengths"]:
    """How the logarithms of the lengths vary together among men."""
    of = dict(zip(MEASURES, RECORDS.T.astype(float), strict=True))
    lengths = np.stack([
        of["acromion-radiale"],
        of["radiale-stylion"],
        of["hand length"],
        of["trochanterion height"] - of["lateral femoral epicondyle height"],
        of["lateral femoral epicondyle height"] - of["lateral malleolus height"],
        of["foot length"],
        of["cervicale height"] - of["trochanterion height"],
        of["stature"] - of["cervicale height"],
        of["biacromial breadth"],
        of["bicristal breadth"],
    ])  # fmt: skip
    return np.cov(np.log(lengths))
