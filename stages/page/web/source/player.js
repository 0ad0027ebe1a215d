/** What time it is: the film's when there is one, else a clock of its own. */

const LATE_MS = 3000; // a film that shows nothing by then will not

export class Player {
  /**
   * @param timeline rate (Hz) and frames of the page
   * @param shown called with every frame that is to be drawn
   */
  constructor(timeline, shown) {
    this.timeline = timeline;
    this.shown = shown;
    this.frame = 0;
    this.speed = 1;
    this.isPlaying = false;
    this.isStopping = false;
    this.film = null;
    this.wanted = null;
    this.running = null;
    this.awaited = null;
  }

  /** Follow a film whose n-th picture was taken at times[n]. */
  follow(video, { rate, times }) {
    this.film = { video, rate, times };
    this.picture = 0;
    const onPicture = (_, { mediaTime }) => {
      this.picture = Math.min(Math.round(mediaTime * rate), times.length - 1);
      if (this.isPlaying || this.isStopping) this.#show(this.frameOfPicture(this.picture));
      else if (this.picture === this.awaited) this.arrived();
      video.requestVideoFrameCallback(onPicture);
    };
    video.requestVideoFrameCallback(onPicture);
    video.loop = true;
    video.addEventListener("pause", () => this.isPlaying && this.pause());
  }

  /** Go on without the film. */
  dropFilm() {
    this.film = null;
    if (this.awaited !== null) this.arrived();
  }

  /** Show a frame; resolves when the film's picture is there too. */
  async seek(frame) {
    this.pause();
    this.isStopping = false;
    this.wanted = Math.min(Math.max(Math.round(frame), 0), this.timeline.frames - 1);
    this.running ??= this.#run().finally(() => (this.running = null));
    await this.running;
  }

  play() {
    if (this.isPlaying) return;
    this.isPlaying = true;
    if (this.film) {
      this.film.video.playbackRate = this.speed;
      this.film.video.play().catch(() => this.pause());
    } else {
      this.#tick(performance.now(), this.frame);
    }
    this.changed?.();
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.isStopping = true; // one more picture may be on its way
    if (this.film) {
      this.film.video.pause();
      // the picture that was announced last may not be on the screen yet
      this.film.video.currentTime = (this.picture + 0.5) / this.film.rate;
    }
    this.changed?.();
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.film) this.film.video.playbackRate = speed;
  }

  frameOfPicture(picture) {
    return Math.min(Math.round(this.film.times[picture] * this.timeline.rate), this.timeline.frames - 1);
  }

  /** The picture taken nearest to a frame's time. */
  pictureOfFrame(frame) {
    const { times } = this.film;
    const time = frame / this.timeline.rate;
    let [low, high] = [0, times.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] <= time) low = middle;
      else high = middle;
    }
    return times[high] - time < time - times[low] ? high : low;
  }

  async #run() {
    // While one seek is under way later wishes replace each other.
    while (this.wanted !== null) {
      const frame = this.wanted;
      this.wanted = null;
      if (this.film) await this.#seekFilm(this.pictureOfFrame(frame));
      this.#show(frame);
    }
  }

  async #seekFilm(picture) {
    if (picture === this.picture) return;
    const { video, rate } = this.film;
    const arrival = new Promise((resolve) => (this.arrived = resolve));
    this.awaited = picture;
    video.currentTime = (picture + 0.5) / rate; // the middle: at its edge rounding decides
    await Promise.race([arrival, new Promise((resolve) => setTimeout(resolve, LATE_MS))]);
    this.awaited = null;
  }

  #tick(before, exact) {
    requestAnimationFrame((now) => {
      if (!this.isPlaying) return;
      const next = (exact + ((now - before) / 1000) * this.timeline.rate * this.speed) % this.timeline.frames;
      this.#show(Math.floor(next));
      this.#tick(now, next);
    });
  }

  #show(frame) {
    this.frame = frame;
    this.shown(frame);
  }
}
