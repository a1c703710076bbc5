// Which frame of a video is shown when.

export class Player {
  // From 0.
  frame = $state(0)
  playing = $state(false)
  // Whether it plays and the next frame is not loaded yet.
  waiting = $state(false)
  // When it began to play, in milliseconds, and at which frame.
  #begun: { time: number; frame: number } | undefined

  // rate is in frames a second. ready reports whether a frame is loaded.
  constructor(
    readonly frames: number,
    readonly rate: number,
    private readonly ready: (frame: number) => boolean,
  ) {}

  play(): void {
    this.playing = true
    this.#begun = undefined
  }

  pause(): void {
    this.playing = this.waiting = false
  }

  toggle(): void {
    if (this.playing) this.pause()
    else this.play()
  }

  // seek goes to a frame, or to the nearest one that there is.
  seek(frame: number): void {
    this.frame = Math.min(this.frames - 1, Math.max(0, frame))
    this.#begun = undefined
  }

  // step stops at a frame so many further on.
  step(by: number): void {
    this.pause()
    this.seek(this.frame + by)
  }

  // tick shows the frame that is due at a time in milliseconds. After the last one comes
  // the first. A slow browser skips frames. Where a frame is not loaded, the video waits.
  tick(now: number): void {
    if (!this.playing) return
    this.#begun ??= { time: now, frame: this.frame }
    const { time, frame } = this.#begun
    const due = (frame + Math.floor(((now - time) * this.rate) / 1000)) % this.frames
    this.waiting = due !== this.frame && !this.ready(due)
    if (this.waiting) this.#begun = { time: now, frame: this.frame }
    else this.frame = due
  }
}

// timecode returns a time in seconds as players show it: 0:03.2.
export function timecode(seconds: number): string {
  const tenths = Math.floor(seconds * 10 + 1e-6) // 0.3 is a little less than 3 tenths
  return `${Math.floor(tenths / 600)}:${(Math.floor(tenths / 10) % 60).toString().padStart(2, '0')}.${tenths % 10}`
}
