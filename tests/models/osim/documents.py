"""Small .osim texts of our own: a chain of bodies, each on one joint of a wanted kind, in versions 3 and 4."""

from dataclasses import dataclass, field

LINEAR = "<LinearFunction><coefficients>1 0</coefficients></LinearFunction>"
CONSTANT = "<Constant><value>0.03</value></Constant>"
SPLINE = "<SimmSpline><x>-1 -0.2 0.4 1.1 2</x><y>0.1 -0.3 0.5 0.7 -0.4</y></SimmSpline>"
SPLINE_OF_THREE = "<SimmSpline><x>-1 0.4 1.1</x><y>0.1 0.5 -0.3</y></SimmSpline>"
SPLINE_OF_TWO = "<SimmSpline><x>-1 0.4</x><y>0.1 0.5</y></SimmSpline>"
BROKEN_LINE = "<PiecewiseLinearFunction><x>-1 0 0.8</x><y>0.1 0.3 -0.5</y></PiecewiseLinearFunction>"
POLYNOMIAL = "<PolynomialFunction><coefficients>0.3 -0.2 0.9 0.05</coefficients></PolynomialFunction>"
MULTIPLIED = f"<MultiplierFunction><function>{SPLINE}</function><scale>-0.7</scale></MultiplierFunction>"

COUNTS = {
    "WeldJoint": 0,
    "PinJoint": 1,
    "SliderJoint": 1,
    "UniversalJoint": 2,
    "BallJoint": 3,
    "GimbalJoint": 3,
    "PlanarJoint": 3,
    "FreeJoint": 6,
    "CustomJoint": 2,
}


@dataclass(frozen=True)
class Link:
    """A body on a joint; the functions are those of the six axes of a custom joint."""

    kind: str
    functions: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    parent: str = ""
    reverse: bool = False


def transform(body: str, functions: tuple[str, ...]) -> str:
    """A spatial transform whose axes are neither unit nor orthogonal; odd axes follow coordinate 0, even ones 1."""
    names = [f"{what}{k}" for what in ("rotation", "translation") for k in (1, 2, 3)]
    directions = ("0 0 2", "1 0.2 0", "0 1 0", "1 0 0.1", "0 3 0", "0.1 0 1")
    axes = ""
    for k, (name, direction) in enumerate(zip(names, directions, strict=True)):
        driver = "" if functions[k] == CONSTANT else f"{body}_{k % 2}"
        axes += (
            f'<TransformAxis name="{name}"><coordinates>{driver}</coordinates><axis>{direction}</axis>'
            f"<function>{functions[k]}</function></TransformAxis>"
        )
    return f"<SpatialTransform>{axes}</SpatialTransform>"


def coordinates(body: str, link: Link) -> str:
    settings = "".join(f"<{tag}>{value}</{tag}>" for tag, value in link.settings.items())
    return "".join(f'<Coordinate name="{body}_{k}">{settings}</Coordinate>' for k in range(COUNTS[link.kind]))


def version_3(links: list[Link], constraints: str = "", markers: str = "") -> str:
    bodies = '<Body name="ground"><mass>0</mass><Joint/></Body>'
    for k, link in enumerate(links):
        body, parent = f"b{k}", link.parent or (f"b{k - 1}" if k else "ground")
        inertia = "".join(f"<inertia_{a}>{v}</inertia_{a}>" for a, v in zip(("xx", "yy", "zz"), (1, 1, 1), strict=True))
        custom = transform(body, link.functions) if link.functions else ""
        bodies += (
            f'<Body name="{body}"><mass>1</mass><mass_center>0 0 0</mass_center>{inertia}'
            f'<Joint><{link.kind} name="j{k}">'
            f"<parent_body>{parent}</parent_body><location_in_parent>0.1 0.2 0.3</location_in_parent>"
            f"<orientation_in_parent>0.3 0.2 0.1</orientation_in_parent><location>0.01 0.02 0.03</location>"
            f"<orientation>0.2 0.1 0.4</orientation><reverse>{str(link.reverse).lower()}</reverse>"
            f"<CoordinateSet><objects>{coordinates(body, link)}</objects></CoordinateSet>{custom}"
            f"</{link.kind}></Joint></Body>"
        )
    markers += f'<Marker name="tip"><body>b{len(links) - 1}</body><location>0.1 0.2 0.3</location></Marker>'
    return document(30000, f"<BodySet><objects>{bodies}</objects></BodySet>", constraints, markers)


def version_4(links: list[Link], constraints: str = "", markers: str = "") -> str:
    bodies, joints = "", ""
    for k, link in enumerate(links):
        body, parent = f"b{k}", link.parent or (f"b{k - 1}" if k else "ground")
        bodies += (
            f'<Body name="{body}"><mass>1</mass><mass_center>0 0 0</mass_center><inertia>1 1 1 0 0 0</inertia></Body>'
        )
        ends = ("inner", "outer") if not link.reverse else ("outer", "inner")
        custom = transform(body, link.functions) if link.functions else ""
        path = f"/bodyset/{parent}" if parent != "ground" else "/ground"
        joints += (
            f'<{link.kind} name="j{k}"><socket_parent_frame>{ends[0]}</socket_parent_frame>'
            f"<socket_child_frame>{ends[1]}</socket_child_frame><coordinates>{coordinates(body, link)}</coordinates>"
            f'<frames><PhysicalOffsetFrame name="inner"><socket_parent>{path}</socket_parent><translation>0.1 0.2 0.3'
            f"</translation><orientation>0.3 0.2 0.1</orientation></PhysicalOffsetFrame>"
            f'<PhysicalOffsetFrame name="outer"><socket_parent>/bodyset/{body}</socket_parent>'
            f"<translation>0.01 0.02 0.03</translation><orientation>0.2 0.1 0.4</orientation></PhysicalOffsetFrame>"
            f"</frames>{custom}</{link.kind}>"
        )
    tip = f"<socket_parent_frame>/bodyset/b{len(links) - 1}</socket_parent_frame><location>0.1 0.2 0.3</location>"
    markers += f'<Marker name="tip">{tip}</Marker>'
    sets = f"<BodySet><objects>{bodies}</objects></BodySet><JointSet><objects>{joints}</objects></JointSet>"
    return document(40000, sets, constraints, markers)


def document(version: int, sets: str, constraints: str = "", markers: str = "") -> str:
    return (
        f'<?xml version="1.0"?><OpenSimDocument Version="{version}"><Model name="made">{sets}'
        f"<ConstraintSet><objects>{constraints}</objects></ConstraintSet>"
        f"<MarkerSet><objects>{markers}</objects></MarkerSet></Model></OpenSimDocument>"
    )


def coupler(dependent: str, independent: str, function: str = POLYNOMIAL, scale: float = 1.0) -> str:
    return (
        f'<CoordinateCouplerConstraint name="c_{dependent}"><coupled_coordinates_function>{function}'
        f"</coupled_coordinates_function><independent_coordinate_names>{independent}</independent_coordinate_names>"
        f"<dependent_coordinate_name>{dependent}</dependent_coordinate_name><scale_factor>{scale}</scale_factor>"
        f"</CoordinateCouplerConstraint>"
    )


def marker(name: str, body: str, location: str) -> str:
    """A marker of version 4."""
    return (
        f'<Marker name="{name}"><socket_parent_frame>/bodyset/{body}</socket_parent_frame>'
        f"<location>{location}</location></Marker>"
    )
