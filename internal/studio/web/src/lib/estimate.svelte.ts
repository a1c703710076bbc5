// How long the painting that is composed takes at each size, and what the server does
// not paint.
import * as api from './api'
import type { Estimate, EstimateRequest } from './api'
import { delay, pause } from './backoff'
import { draft } from './draft.svelte'
import type { Photo } from './photo'
import { sentence } from './problem'
import { sizes } from './recipe'

// The server is asked when nothing has changed for so many milliseconds.
const calm = 200
// How often it is asked while it does not know how fast it is.
const tries = 6
// The size of the options that are asked about, which the answer does not depend on.
const anySize = 512
// The shape that estimates are for while there is no photo.
const usual = { width: 1500, height: 1000 }

// sizesFor returns the sizes to choose from, with one of a person's own.
export function sizesFor(own: number): number[] {
  return [...new Set([...sizes.map((s) => s.size), own])].sort((a, b) => a - b)
}

class Estimates {
  #all = $state.raw<Estimate[]>([])
  #asked = $state(0)
  // What to ask, as JSON: another string is another question.
  #question = $derived.by(() => {
    const { options } = draft
    if (!options?.recipe) return ''
    const { width, height } = draft.photo ?? usual
    const video = draft.photo?.video
    const request: EstimateRequest = {
      options: { ...options, recipe: { ...options.recipe, size: anySize } },
      width,
      height,
      styles: Math.max(1, draft.chosen.length),
      sizes: sizesFor(draft.settings.size),
      ...(video ? { frames: video.frames, shots: video.shots.length } : {}),
    }
    return JSON.stringify(request)
  })

  // of returns what a painting of a size takes, where that is known.
  of(size: number): Estimate | undefined {
    return this.#all.find((e) => e.size === size)
  }

  // again asks once more, as after the server refused a painting.
  again(): void {
    this.#asked++
  }

  // follow keeps the estimates up to date, in an effect.
  follow(): (() => void) | undefined {
    void this.#asked
    const question = this.#question
    if (!question) return
    const changed = new AbortController()
    void this.#ask(JSON.parse(question) as EstimateRequest, changed.signal)
    return () => changed.abort()
  }

  async #ask(request: EstimateRequest, changed: AbortSignal): Promise<void> {
    await pause(calm, changed)
    for (let n = 0; n < tries && !changed.aborted; n++) {
      let answer: Estimate[] = [] // nothing is said while the server does not answer
      try {
        answer = await api.estimate(request)
      } catch {
        // asked again below
      }
      if (changed.aborted) return
      this.#all = answer
      if (answer.some((e) => e.seconds !== undefined || e.problem)) return
      await pause(delay(n, 0), changed)
    }
  }
}

export const estimates = new Estimates()

// A photo with sides of a greater ratio is too narrow for some recipes.
export const narrowest = 5

// An Obstacle says why a painting cannot be painted, and what would help.
export type Obstacle = { text: string } & ({ fix: 'size'; size: number } | { fix: 'crop' } | { fix: 'photo' })

// obstacleOf returns what stands against painting a photo, where something does. title
// is that of the recipe.
export function obstacleOf(e: Estimate | undefined, photo: Pick<Photo, 'width' | 'height' | 'video'>, title: string): Obstacle | undefined {
  if (!e?.problem) return undefined
  if (e.most) return { text: `${e.size} pixels are too large for this server with ${title}.`, fix: 'size', size: e.most }
  const [long, short] = [Math.max(photo.width, photo.height), Math.min(photo.width, photo.height)]
  if (photo.video) return { text: `This video cannot be painted. ${sentence(e.problem)}`, fix: 'photo' }
  if (long > narrowest * short) {
    const ratio = `${Math.round(long / short)}:1`
    return { text: `This photo is too narrow (${ratio}) to be painted.`, fix: 'crop' }
  }
  return { text: `This photo cannot be painted. ${sentence(e.problem)}`, fix: 'photo' }
}
