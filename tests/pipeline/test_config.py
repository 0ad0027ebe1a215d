"""Settings are typed, complete and refused by name."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from models.errors import ConfigError
from pipeline.config import PRESETS, PipelineConfig, checked, load_preset
from pipeline.stamp import as_json


def test_the_default_preset_names_every_key_with_its_default() -> None:
    assert yaml.safe_load((PRESETS / "default.yaml").read_text()) == as_json(PipelineConfig())


@pytest.mark.parametrize("preset", sorted(path.stem for path in PRESETS.glob("*.yaml")))
def test_every_preset_loads(preset: str) -> None:
    assert isinstance(load_preset(preset), PipelineConfig)


def test_other_presets_hold_differences_only() -> None:
    default = as_json(PipelineConfig())
    for path in PRESETS.glob("*.yaml"):
        if path.stem != "default":
            for stage, keys in yaml.safe_load(path.read_text()).items():
                assert all(default[stage][key] != value for key, value in keys.items()), path


def test_every_setting_is_documented() -> None:
    for stage in dataclasses.fields(PipelineConfig):
        kind = type(getattr(PipelineConfig(), stage.name))
        source = Path(__import__(kind.__module__, fromlist=["x"]).__file__).read_text()
        for field in dataclasses.fields(kind):
            after = source.split(f"    {field.name}: ", 1)[1].split("\n", 1)[1].lstrip()
            assert after.startswith('"""') or ")\n" in after[:200], f"{stage.name}.{field.name}"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lift": {"hieght_m": 1.8}}, ["lift.hieght_m", "lift.height_m"]),
        ({"lfit": {}}, ["lfit", "lift"]),
        ({"lift": 3}, ["lift", "3"]),
        ({"ingest": {"max_frames": "many"}}, ["ingest.max_frames", "'many'"]),
        ({"ingest": {"max_frames": -1}}, ["max_frames", "-1"]),
        ({"ingest": {"time_range_s": [3, 1]}}, ["time_range_s"]),
        ({"detect": {"detector": "openpose"}}, ["detect.detector", "openpose", "blazepose"]),
        ({"lift": {"height_m": -1.8}}, ["height_m", "-1.8"]),
        ({"lift": {"height_m": float("nan")}}, ["height_m", "nan"]),
        ({"solve": {"height_m": 178.0}}, ["solve.height_m", "178", "metres"]),
        ({"solve": {"height_m": float("nan")}}, ["solve.height_m", "nan"]),
        ({"solve": {"refine_steps": -1}}, ["solve.refine_steps", "-1"]),
        ({"denoise": {"legs_s": 0.0}}, ["denoise.legs_s", "0.0", "seconds"]),
        ({"biomech": {"model": "fullbody"}}, ["'fullbody'", "full_body"]),
        ({"export": {"fps": 0}}, ["export.fps", "0"]),
        ({"overlay": {"max_rate_hz": 0.0}}, ["overlay.max_rate_hz", "0.0"]),
        ({"overlay": {"long_side_px": -1}}, ["overlay.long_side_px", "-1"]),
        ({"overlay": {"opacity": 5.0}}, ["overlay.opacity", "5.0"]),
        ({"retarget": {"unit_m": -1.0}}, ["retarget.unit_m", "-1.0", "0.01"]),
    ],
)
def test_a_wrong_setting_is_named_with_the_way_out(settings: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        checked(settings)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'nosuch'.*default.*fast"):
        load_preset("nosuch")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "lift: {height_m: [", "\x00"])
def test_a_preset_that_holds_no_settings_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        load_preset(str(tmp_path / "mine.yaml"))


def test_a_preset_of_ones_own_goes_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("lift:\n  height_m: 1.8\n")
    assert load_preset(str(tmp_path / "mine.yaml")).lift.height_m == 1.8
