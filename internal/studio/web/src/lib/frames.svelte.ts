// The frames of a video that are loaded: those that are shown next and a few before.

// A Load returns what a frame is shown with, from 0 on.
type Load<T> = (frame: number, signal: AbortSignal) => Promise<T>

// How many frames are loaded ahead of the one that is shown, and kept behind it. Of 512
// by 512 pixels, a painting and its original have 2 MB.
const ahead = 32
const behind = 8
// How many are loaded at the same time.
const atOnce = 3

export class Frames<T> {
  // Why loading has stopped, or ''.
  trouble = $state('')
  #loaded = new Map<number, T>()
  // Grows whenever a frame was loaded.
  #version = $state(0)
  #loading = new Map<number, AbortController>()
  #at = 0
  #closed = false

  // release frees what was loaded.
  constructor(
    readonly count: number,
    private readonly load: Load<T>,
    private readonly release: (loaded: T) => void,
  ) {}

  // get returns a frame, or undefined while it is not loaded.
  get(frame: number): T | undefined {
    void this.#version
    return this.#loaded.get(frame)
  }

  has(frame: number): boolean {
    return this.#loaded.has(frame)
  }

  // attend loads a frame and what comes after it, and forgets what is far from it.
  attend(frame: number): void {
    this.#at = frame
    const wanted = this.#wanted()
    for (const [n, loaded] of this.#loaded) {
      if (wanted.has(n)) continue
      this.#loaded.delete(n)
      this.release(loaded)
    }
    for (const [n, stop] of this.#loading) {
      if (wanted.has(n)) continue
      this.#loading.delete(n)
      stop.abort()
    }
    this.#more()
  }

  // again tries to load what could not be loaded.
  again(): void {
    this.trouble = ''
    this.#more()
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#loading.values()) stop.abort()
    for (const loaded of this.#loaded.values()) this.release(loaded)
    this.#loading.clear()
    this.#loaded.clear()
  }

  // #wanted returns the frames around the one that is shown, in the order in which they
  // are loaded. The first follows the last.
  #wanted(): Set<number> {
    const around = [...Array(ahead + 1).keys(), ...Array.from({ length: behind }, (_, i) => -1 - i)]
    return new Set(around.slice(0, this.count).map((by) => (((this.#at + by) % this.count) + this.count) % this.count))
  }

  #more(): void {
    for (const n of this.#wanted()) {
      if (this.#closed || this.trouble || this.#loading.size >= atOnce) return
      if (!this.#loaded.has(n) && !this.#loading.has(n)) void this.#fetch(n)
    }
  }

  async #fetch(frame: number): Promise<void> {
    const stop = new AbortController()
    this.#loading.set(frame, stop)
    try {
      const loaded = await this.load(frame, stop.signal)
      if (stop.signal.aborted) return this.release(loaded)
      this.#loaded.set(frame, loaded)
      this.#version++
    } catch (e) {
      if (stop.signal.aborted) return
      this.trouble = e instanceof Error ? e.message : String(e)
    }
    this.#loading.delete(frame)
    this.#more()
  }
}
