"""Every setting of a run: typed, from a preset, refused by its dotted name when it is wrong."""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from models.errors import ConfigError
from stages.biomech import Config as BiomechConfig
from stages.denoise import Config as DenoiseConfig
from stages.detect import Config as DetectConfig
from stages.export import Config as ExportConfig
from stages.export.overlay import Config as OverlayConfig
from stages.ingest import Config as IngestConfig
from stages.lift import Config as LiftConfig
from stages.lift.views import Config as ViewsConfig
from stages.page import Config as PageConfig
from stages.pictures import Config as PicturesConfig
from stages.report import Config as ReportConfig
from stages.retarget import Config as RetargetConfig
from stages.solve import Config as SolveConfig
from stages.track import Config as TrackConfig

PRESETS: Final = Path(__file__).parent.parent / "configs"
DEFAULT_PRESET: Final = "default"
MAX_PRESET_LETTERS: Final = 100_000
"""Fifty times as many as the default preset has."""


@dataclass(frozen=True)
class PipelineConfig:
    """One field per stage; each is documented in its own module."""

    pictures: PicturesConfig = field(default_factory=PicturesConfig)
    """Numbered pictures and cameras in place of a video."""
    ingest: IngestConfig = field(default_factory=IngestConfig)
    """Which part of the video is read."""
    detect: DetectConfig = field(default_factory=DetectConfig)
    """Landmarks of everyone in every frame."""
    track: TrackConfig = field(default_factory=TrackConfig)
    """Who is who."""
    views: ViewsConfig = field(default_factory=ViewsConfig)
    """Several calibrated cameras brought together."""
    lift: LiftConfig = field(default_factory=LiftConfig)
    """Landmarks in metres, in the world."""
    solve: SolveConfig = field(default_factory=SolveConfig)
    """Joint rotations of the body."""
    denoise: DenoiseConfig = field(default_factory=DenoiseConfig)
    """Steady motion."""
    report: ReportConfig = field(default_factory=ReportConfig)
    """Agreement of the motion with what was seen."""
    export: ExportConfig = field(default_factory=ExportConfig)
    """Motion files."""
    biomech: BiomechConfig = field(default_factory=BiomechConfig)
    """OpenSim coordinates of a model that is scaled to the body."""
    overlay: OverlayConfig = field(default_factory=OverlayConfig)
    """The video with the body drawn over it."""
    page: PageConfig = field(default_factory=PageConfig)
    """The page that shows all of a clip."""
    retarget: RetargetConfig = field(default_factory=RetargetConfig)
    """A BVH in place of a video."""


def load_preset(name: str) -> PipelineConfig:
    """Read configs/default.yaml and, over it, the differences that the named preset holds.

    Args:
        name: a preset of configs/, or the path of a .yaml file.

    Raises:
        ConfigError: no such preset, a key that does not exist, or a value that cannot be.
    """
    settings = _read(_preset_path(DEFAULT_PRESET))
    if name != DEFAULT_PRESET:
        settings = _merged(settings, _read(_preset_path(name)))
    return checked(settings)


def checked(settings: Mapping[str, Any]) -> PipelineConfig:
    """Build the config from nested mappings, or name the first key or value that is wrong.

    Raises:
        ConfigError: with the dotted name of the key.
    """
    _refuse_unknown_keys(settings, PipelineConfig, "")
    try:
        return _adapter().validate_json(json.dumps(settings, default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part.isidentifier())
        raise ConfigError(
            f"{name} cannot be {first['input']!r}", f"give it a value that fits: {first['msg'].lower()}"
        ) from error


@cache
def _adapter() -> TypeAdapter[PipelineConfig]:
    return TypeAdapter(PipelineConfig)


def _preset_path(name: str) -> Path:
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        return path
    known = {preset.stem: preset for preset in sorted(PRESETS.glob("*.yaml"))}
    if name not in known:
        raise ConfigError(
            f"there is no preset called {name!r}", f"choose from {', '.join(known)}, or name a .yaml file"
        )
    return known[name]


class _Loader(yaml.SafeLoader):
    """Takes no references: a few lines of them stand for gigabytes, and no setting needs one."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("settings refer to others by *name, which is not read here")
        return super().compose_node(parent, index)


def _text(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        text = file.read(MAX_PRESET_LETTERS + 1)
    if len(text) > MAX_PRESET_LETTERS:
        raise ValueError(f"it has more than {MAX_PRESET_LETTERS} letters")
    return text


def _read(path: Path) -> Mapping[str, Any]:
    try:
        settings = yaml.load(_text(path), _Loader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"the preset {path} cannot be read ({problem})", "name a readable YAML file") from error
    if not isinstance(settings, dict):
        raise ConfigError(
            f"the preset {path} holds no settings", "write `stage:` and its keys, as configs/default.yaml"
        )
    return settings


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _refuse_unknown_keys(settings: Mapping[str, Any], kind: Any, prefix: str) -> None:
    hints = get_type_hints(kind)
    for key, value in settings.items():
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, 1)
            remedy = f"write {prefix}{near[0]}" if near else f"use one of {', '.join(prefix + name for name in hints)}"
            raise ConfigError(f"there is no setting called {prefix}{key}", remedy)
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, dict):
                raise ConfigError(f"{prefix}{key} cannot be {value!r}", f"write the keys of {prefix}{key} beneath it")
            _refuse_unknown_keys(value, hints[key], f"{prefix}{key}.")
