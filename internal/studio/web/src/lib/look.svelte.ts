// Quick looks: small paintings of what is composed, which show what the settings do
// before the real painting is begun. Their failures are quiet: a look is a help, and the
// next change asks for another one.
import * as api from './api'
import type { Options } from './api'
import { pause, persist } from './backoff'
import { draft, newKey } from './draft.svelte'
import { final } from './jobs.svelte'
import { forgetUploads } from './upload'
import { Problem } from './problem'
import { lookOf } from './recipe'
import { recall, remember } from './stored'
import { submitting } from './submitting.svelte'
import { visible } from './visible.svelte'

// A look is asked for when nothing has changed for so many milliseconds.
const calm = 600
// The long side of the pictures that are sent for a look.
const sentSide = 512
// How often a look is tried that fails in a way that passes.
const tries = 3
// How many seconds an answer of the server waits for a look.
const wait = 20

// paintLook paints a quick look at the draft with other options. It is removed from the
// server when it is here, and when the signal aborts.
export async function paintLook(options: Options, signal: AbortSignal): Promise<Blob> {
  const { labels: _, video, ...submission } = await draft.submission(sentSide, options, { signal })
  signal.throwIfAborted()
  let j = await api.submit({ ...submission, ...(video ? { content: firstFrame(video) } : {}), look: true }, newKey())
  try {
    while (!final(j)) {
      signal.throwIfAborted()
      j = await api.job(j.id, wait, signal)
    }
    if (!j.result) throw new Error(j.error ?? 'The quick look was stopped.')
    return await (await fetch(j.result.url, { signal })).blob()
  } finally {
    api.remove(j.id).catch(() => {}) // the server removes it itself some minutes later
  }
}

// firstFrame returns the source of the first frame of a video: a file as a content is
// that by itself, and a job has it as its content.
export function firstFrame(video: api.Source): api.Source {
  return video.job ? { job: { ...video.job, role: 'content' } } : video
}

class Look {
  // Whether the server paints quick looks.
  offered = $state(false)
  // Whether the person wants them.
  #on = $state(recall('look') !== 'off')
  // Whether the variations take their place for now.
  held = $state(false)
  // Whether one is being painted.
  busy = $state(false)
  // The latest, and what it is a look at.
  #picture = $state.raw<{ url: string; of: string } | undefined>()
  options = $derived(draft.options && draft.recipe && lookOf(draft.options, draft.recipe.recipe))
  // What a look would be at now, or '' while nothing can be painted: another string is
  // another look.
  #subject = $derived.by(() => {
    if (!draft.ready || !this.options) return ''
    const styles = draft.chosen.map((s) => [s.id, s.url, s.share, s.scale])
    return JSON.stringify([draft.photo?.url, styles, this.options, draft.places, draft.masks?.version])
  })

  get on(): boolean {
    return this.#on
  }

  set on(on: boolean) {
    this.#on = on
    remember('look', on ? 'on' : 'off')
  }

  // url returns the latest look, of the photo that is composed.
  get url(): string | undefined {
    return this.#subject === '' ? undefined : this.#picture?.url
  }

  // Whether the latest look is at something else than what is composed now.
  get stale(): boolean {
    return this.#picture !== undefined && this.#picture.of !== this.#subject
  }

  // follow paints a look whenever the draft has changed, in an effect.
  follow(): (() => void) | undefined {
    const subject = this.#subject
    if (!this.offered || !this.#on || this.held || submitting.active || visible.hidden || subject === '' || !(this.#picture === undefined || this.stale)) return undefined
    const changed = new AbortController()
    void this.#paint(subject, changed.signal)
    return () => {
      changed.abort()
      this.busy = false
    }
  }

  // adopt shows a picture as the look at what is composed now.
  adopt(picture: Blob): void {
    this.#show(picture, this.#subject)
  }

  async #paint(subject: string, changed: AbortSignal): Promise<void> {
    await pause(calm, changed)
    if (changed.aborted || !this.options) return
    this.busy = true
    const { options } = this
    try {
      const picture = await persist(() => paintLook(options, changed), tries, () => {})
      if (!changed.aborted) this.#show(picture, subject)
    } catch (e) {
      if (e instanceof Problem && !e.passes) forgetUploads() // the server may have them no longer
    }
    if (!changed.aborted) this.busy = false
  }

  #show(picture: Blob, of: string): void {
    if (this.#picture) URL.revokeObjectURL(this.#picture.url)
    this.#picture = { url: URL.createObjectURL(picture), of }
  }
}

export const look = new Look()
