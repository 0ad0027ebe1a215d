"""The page in a browser: the right picture, the right pose, the right curves, whatever one presses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import pose_vertices
from models.camera import project
from tests.stages.page import clips

FRAMES = 90


@pytest.fixture
def film(tmp_path):
    return clips.coded_film(tmp_path, FRAMES, 30.0)


@pytest.fixture
def someone():
    return clips.person(0, FRAMES)


def test_a_page_asks_for_nothing_but_itself_and_does_not_complain(open_report, film, someone):
    found = open_report(film, someone)
    found.do("kinetrace.set(20)")
    outside = [url for url in found.requests if not url.startswith(("blob:", "data:"))]
    assert outside == [(film.path.parent / "report.html").as_uri()]
    assert found.complaints == []


def test_every_seek_shows_its_picture_and_its_pose(open_report, film, someone):
    found = open_report(film, someone)
    found.do("document.getElementById('overlay-on').click()")
    frames = [*np.random.default_rng(7).integers(0, FRAMES, 21).tolist(), 0, FRAMES - 1, FRAMES - 2, FRAMES - 2]
    for frame in frames:
        found.do(f"kinetrace.set({frame})")
        assert clips.read_code(found.picture_of("#film")[40:-60]) == frame
        np.testing.assert_allclose(found.do("kinetrace.joints()"), someone.motion.joints_m[frame], atol=1e-4)
        assert found.do("kinetrace.frame") == frame


def test_the_skin_is_the_bodys_own(open_report, film):
    """Bytes stand for shares and correctives; what is left of rounding stays far below what one sees."""
    someone = clips.moved(clips.person(0, FRAMES), np.array([2.0, 0, -6]))
    found = open_report(film, someone)
    found.do("kinetrace.set(30)")
    body, motion = load_body("free"), someone.motion
    pose = (motion.betas, motion.parent_from_joint[30], motion.trans_m[30])
    expected = pose_vertices(body, *(torch.from_numpy(array).float() for array in pose)).numpy()
    distance_m = np.linalg.norm(np.array(found.do("kinetrace.vertices()")) - expected, axis=1)
    assert distance_m.mean() < 5e-4 and distance_m.max() < 4e-3


def test_a_fast_motion_finds_the_pictures_of_a_thinned_film(open_report, tmp_path):
    film = clips.coded_film(tmp_path, 30, 30.0)
    someone = clips.person(0, 60, rate_hz=60)
    found = open_report(film, someone)
    found.do("document.getElementById('overlay-on').click()")
    for frame in (0, 20, 34, 58, 59):
        found.do(f"kinetrace.set({frame})")
        assert clips.read_code(found.picture_of("#film")[40:-60]) == frame // 2
        np.testing.assert_allclose(found.do("kinetrace.joints()"), someone.motion.joints_m[frame], atol=1e-4)


def test_pictures_taken_at_uneven_times_meet_the_poses_of_those_times(open_report, tmp_path):
    times_s = np.concatenate([np.arange(15) / 30, 0.5 + np.arange(15) / 10])
    film = clips.coded_film(tmp_path, 30, 29 / 1.9, times_s)
    found = open_report(film, clips.person(0, 58))
    found.do("document.getElementById('overlay-on').click()")
    for picture in (3, 14, 15, 22, 29):
        found.do(f"kinetrace.set({round(times_s[picture] * 30)})")
        assert clips.read_code(found.picture_of("#film")[40:-60]) == picture


def on_screen(someone, frame, scale):
    """Where the person's own camera sees his joints, pixels of the screen."""
    motion = someone.motion
    in_camera_m = (motion.joints_m[frame] - motion.world_from_camera[:3, 3]) @ motion.world_from_camera[:3, :3]
    return project(in_camera_m, motion.camera_matrix) * scale


def test_bodies_lie_over_the_video_where_each_ones_camera_sees_them(open_report, tmp_path):
    """Two people whose worlds differ in height and heading: one camera, as each one's own world has it."""
    black = [np.zeros((clips.HEIGHT_PX, clips.WIDTH_PX, 3), np.uint8)] * 3
    film = replace(clips.coded_film(tmp_path, 3, 30.0), path=clips.write_film(tmp_path / "black.mp4", black, 30.0))
    first, second = clips.person(0, 3), clips.moved(clips.person(1, 3, seed=5), np.array([-0.9, 0.4, 0.3]))
    found = open_report(film, first, second)
    for _ in range(2):
        found.do("kinetrace.set(1)")
        picture = found.picture_of("#film").max(axis=-1)
        scale = picture.shape[1] / clips.WIDTH_PX
        pixels = [on_screen(someone, 1, scale) for someone in (first, second)]
        inner = [0, 3, 6, 9, 12, 4, 5, 18, 19]
        assert all(picture[int(y), int(x)] > 40 for points in pixels for x, y in points[inner])
        every = np.concatenate(pixels)
        left, right = every[:, 0].min() - 25 * scale, every[:, 0].max() + 25 * scale
        seen = np.flatnonzero((picture[60:-60] > 40).any(axis=0))
        assert left < seen.min() and seen.max() < right
        found.tab.keyboard.press("p")


def test_keys_move_time_change_speed_and_hide_the_body(open_report, film, someone):
    found = open_report(film, someone)

    def frame_after(key: str) -> int:
        found.tab.keyboard.press(key)
        found.wait("kinetrace.settled")
        return found.do("kinetrace.frame")

    assert [frame_after(key) for key in ("End", "ArrowLeft", "Shift+ArrowLeft", "Home", "ArrowRight")] == [
        FRAMES - 1, FRAMES - 2, FRAMES - 12, 0, 1,
    ]  # fmt: skip
    for key, speed in (("]", "2"), ("]", "2"), ("[", "1"), ("[", "0.5")):
        found.tab.keyboard.press(key)
        assert found.do("document.getElementById('speed').value") == speed
    found.tab.keyboard.press("o")
    assert found.tab.locator("#overlay").is_hidden()
    found.tab.keyboard.press("o")
    assert found.tab.locator("#overlay").is_visible()


def test_playing_goes_on_and_stops_and_pose_and_picture_stay_together(open_report, film, someone):
    found = open_report(film, someone)
    found.do("document.getElementById('speed').value = '0.25'; 0")
    found.tab.locator("#speed").dispatch_event("change")
    found.tab.keyboard.press(" ")
    assert found.tab.locator("#play").get_attribute("aria-label") == "Pause"
    found.wait("kinetrace.frame >= 5")
    found.tab.keyboard.press(" ")
    assert found.tab.locator("#play").get_attribute("aria-label") == "Play"
    found.tab.wait_for_timeout(300)
    frame = found.do("kinetrace.frame")
    np.testing.assert_allclose(found.do("kinetrace.joints()"), someone.motion.joints_m[frame], atol=1e-4)
    found.do("document.getElementById('overlay-on').click()")
    assert clips.read_code(found.picture_of("#film")[40:-60]) == frame


def test_dragging_along_a_plot_takes_the_time_with_it(open_report, film, someone):
    found = open_report(film, someone)
    track = found.tab.locator("#plots .track").first
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    found.tab.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 50)
    found.tab.mouse.down()
    found.tab.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60)
    found.tab.mouse.up()
    found.wait("kinetrace.settled")
    assert found.do("kinetrace.frame") == pytest.approx(0.75 * (FRAMES - 1), abs=1)


def test_another_person_brings_his_own_pose_numbers_and_curves(open_report, film):
    first, second = clips.person(0, FRAMES), clips.person(3, 40, first_s=1.0, seed=9)
    files = tuple((f"person_{number}/motion.npz", 9) for number in (0, 3))
    found = open_report(film, first, second, facts=replace(clips.FACTS, files=files))
    found.do("kinetrace.set(45)")
    before = found.do("document.querySelector('#plots path.curve').getAttribute('d')")
    found.tab.keyboard.press("p")
    assert found.do("kinetrace.person") == 3
    np.testing.assert_allclose(found.do("kinetrace.joints()"), second.motion.joints_m[15], atol=1e-4)
    assert found.do("document.querySelector('#plots path.curve').getAttribute('d')") != before
    for part in ("div", "li"):
        assert found.tab.locator(f"{part}[data-person='3']").is_visible()
        assert found.tab.locator(f"{part}[data-person='0']").is_hidden()
    found.tab.locator("input[name=person][value='0']").check(force=True)
    assert found.do("kinetrace.person") == 0
    assert found.complaints == []


def test_a_long_film_lies_beside_the_page_and_plays_from_there(open_report, film, someone):
    found = open_report(film, someone, max_embedded_s=1.0)
    found.do("document.getElementById('overlay-on').click()")
    for frame in (50, 3):
        found.do(f"kinetrace.set({frame})")
        assert clips.read_code(found.picture_of("#film")[40:-60]) == frame
    files = {url for url in found.requests if not url.startswith(("blob:", "data:"))}
    assert files == {(film.path.parent / name).as_uri() for name in ("report.html", "preview.mp4")}
    assert found.complaints == []


def test_a_page_whose_film_was_left_behind_says_so_and_shows_the_rest(open_file, tmp_path, film, someone):
    content = clips.report(film, someone, max_embedded_s=1.0)
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "report.html").write_bytes(content)
    found = open_file(alone / "report.html")
    found.do("kinetrace.ready")
    assert "preview.mp4" in found.tab.locator("#film-notice").inner_text()
    found.do("kinetrace.set(33)")
    np.testing.assert_allclose(found.do("kinetrace.joints()"), someone.motion.joints_m[33], atol=1e-4)


def test_a_motion_without_a_video_runs_on_a_clock_of_its_own(open_report, someone):
    found = open_report(None, replace(someone, quality=None))
    assert found.tab.locator(".verdict").inner_text().startswith("Not judged")
    assert found.tab.locator("#film-pane").count() == 0
    found.tab.keyboard.press(" ")
    found.wait("kinetrace.frame >= 3")
    found.do("kinetrace.set(12)")
    np.testing.assert_allclose(found.do("kinetrace.joints()"), someone.motion.joints_m[12], atol=1e-4)
    assert found.complaints == []


def test_a_video_of_nobody_makes_a_page_that_plays_it(open_report, film):
    found = open_report(film)
    found.do("kinetrace.set(7)")
    assert clips.read_code(found.picture_of("#film")[40:-60]) == 7
    assert "nobody" in found.tab.locator(".verdict").inner_text()
    assert found.complaints == []


def test_colours_follow_the_theme(open_report, film, someone):
    found = open_report(film, someone)
    lane = "document.querySelector('#confidence canvas').toDataURL()"
    light = found.do(lane)
    found.tab.emulate_media(color_scheme="dark")
    found.wait(f"{lane} !== '{light}'")
    assert found.complaints == []


def test_without_webgl_video_curves_and_words_stay(launch, tmp_path, film, someone):
    (tmp_path / "report.html").write_bytes(clips.report(film, someone))
    tab = launch(["--disable-3d-apis", "--no-sandbox"]).new_page()
    tab.goto((tmp_path / "report.html").as_uri())
    tab.evaluate("kinetrace.ready")
    tab.evaluate("kinetrace.set(17)")
    assert "WebGL" in tab.locator("#room-notice").inner_text()
    assert tab.evaluate("kinetrace.frame") == 17
    assert not any(tab.locator(part).first.is_visible() for part in (".switch", ".sights"))
    assert tab.locator("#plots path.curve").count() == 6
