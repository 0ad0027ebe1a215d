/** Starts the page: reads its data, builds the views, and keeps everything at one frame. */

import { Figure } from "./body.js";
import { onThemeChange, readColours } from "./colours.js";
import { connectKeys, connectPlayback, showTime } from "./controls.js";
import { bytesOf, readData } from "./data.js";
import { Player } from "./player.js";
import { makePlot } from "./plots.js";
import { Room } from "./room.js";
import { showConfidence, showContacts } from "./strips.js";
import { FilmView, RoomView } from "./views.js";

const byId = (id) => document.getElementById(id);

class Page {
  constructor(data) {
    this.data = data;
    this.colours = readColours();
    this.figures = data.people.map((person) => new Figure(person, data.bodies[person.body]));
    this.player = new Player({ rate: data.rate, frames: data.frames }, (frame) => this.show(frame));
    this.views = [];
    this.plots = [];
  }

  async start() {
    connectPlayback(this.player);
    connectKeys(this.player, { toggleOverlay: () => byId("overlay-on").click(), nextPerson: () => this.#chooseNext() });
    if (this.figures.length) this.#openRoom();
    document.querySelectorAll("input[name=person]").forEach((radio, row) => radio.addEventListener("change", () => this.choose(row)));
    byId("bands-on")?.addEventListener("change", (event) => byId("angles").classList.toggle("no-bands", !event.target.checked));
    onThemeChange((colours) => this.#recolour(colours));
    this.choose(0);
    await this.#openFilm();
    this.show(0);
  }

  /** Make one person the one whose curves and numbers are shown. */
  choose(row) {
    this.chosen = this.figures[row];
    if (!this.chosen) return;
    const { number } = this.chosen.person;
    document.querySelectorAll("[data-person]").forEach((part) => (part.hidden = part.dataset.person !== String(number)));
    this.room?.choose(this.chosen);
    for (const view of this.views) view.look(this.room);
    this.#plot();
    this.show(this.player.frame);
  }

  show(frame) {
    showTime(this.player, frame);
    if (!this.chosen) return;
    this.room.show(frame);
    for (const view of this.views) view.draw();
    const sample = this.chosen.sampleAt(frame);
    for (const plot of this.plots) plot.show(sample);
  }

  #chooseNext() {
    const radios = [...document.querySelectorAll("input[name=person]")];
    if (!radios.length) return;
    const next = radios[(radios.findIndex((radio) => radio.checked) + 1) % radios.length];
    next.click();
  }

  #openRoom() {
    this.room = new Room(this.figures, this.colours);
    try {
      this.roomView = new RoomView(byId("room"));
      this.views = [this.roomView];
      if (this.data.film) this.views.push(new FilmView(byId("overlay"), this.data.film.size));
    } catch {
      document.querySelectorAll(".switch, .sights").forEach((part) => (part.hidden = true));
      this.#say("room-notice", "This browser shows no 3D (WebGL is off): video, curves and files are complete.");
      return;
    }
    document.querySelectorAll("[data-sight]").forEach((button) => button.addEventListener("click", () => this.roomView.from(button.dataset.sight)));
    byId("follow").addEventListener("change", (event) => this.roomView.follow(event.target.checked));
    byId("overlay-on").addEventListener("change", (event) => (byId("overlay").hidden = !event.target.checked));
  }

  async #openFilm() {
    const { film } = this.data;
    if (!film) {
      byId("film-pane").remove();
      return;
    }
    const video = byId("film");
    byId("film-pane").style.setProperty("--aspect", film.size[0] / film.size[1]);
    const opened = new Promise((resolve) => {
      video.addEventListener("loadeddata", resolve, { once: true });
      video.addEventListener("error", resolve, { once: true });
    });
    this.player.follow(video, film);
    video.src = film.beside ?? URL.createObjectURL(new Blob([bytesOf(film.content)], { type: "video/mp4" }));
    await opened;
    if (!video.error) return;
    this.player.dropFilm();
    this.#say("film-notice", film.beside ? `The film ${decodeURIComponent(film.beside)} does not lie beside this page: copy it here.` : "This browser does not play the film.");
  }

  #plot() {
    const { person } = this.chosen;
    const { frames } = this.data;
    this.plots = person.curves.map((curve) => makePlot(curve, person, frames));
    const figures = (isFirst) => this.plots.filter((_, row) => person.curves[row].first === isFirst).map((plot) => plot.figure);
    byId("plots").replaceChildren(...figures(true));
    byId("more-plots").replaceChildren(...figures(false));
    byId("more").hidden = figures(false).length === 0;
    if (byId("bands")) byId("bands").hidden = !person.curves.some((curve) => Object.keys(curve.bands).length);
    this.#strips();
  }

  #strips() {
    showContacts(byId("contacts"), this.chosen.person, this.data.frames, this.colours);
    showConfidence(byId("confidence"), this.chosen.person, this.data.frames, this.data.regions, this.colours);
  }

  #recolour(colours) {
    this.colours = colours;
    if (!this.chosen) return;
    this.room.recolour(colours);
    this.#strips();
    this.show(this.player.frame);
  }

  #say(id, words) {
    byId(id).textContent = words;
    byId(id).hidden = false;
  }
}

const page = new Page(readData());

/**
 * For tests: `ready` and `set(frame)` are promises; `joints()` and `vertices()` are the chosen person's, in his world,
 * metres;
 * `readyAt` is in ms since the page was asked for; `settled` says that no seek is under way.
 */
window.kinetrace = {
  ready: page.start().then(() => {
    window.kinetrace.readyAt = performance.now();
    return true;
  }),
  set: (frame) => page.player.seek(frame),
  joints: () => page.chosen.joints(),
  vertices: () => page.chosen.vertices(),
  get frame() {
    return page.player.frame;
  },
  get settled() {
    return !page.player.running;
  },
  get person() {
    return page.chosen?.person.number ?? null;
  },
};
