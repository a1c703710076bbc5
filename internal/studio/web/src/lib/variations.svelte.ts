// Variations: quick looks at the same photo and styles that differ in one setting each.
import type { RecipeInfo } from './api'
import { draft } from './draft.svelte'
import { Locked } from './problem'
import { look, paintLook } from './look.svelte'
import { colours, lookOf, optionsOf, withRecipe, type Settings } from './recipe'

export interface Variation {
  // What differs: "Bolder".
  name: string
  settings: Settings
}

// A sheet has no more variations than a person takes in at once.
const most = 9
// How far strength and brush size move. What moves less does not show in a look.
const step = { strength: 0.35, strokes: 0.75 }
const least = { strength: 0.1, strokes: 0.25 }

const noisy = (r: RecipeInfo | undefined) => r?.recipe.init === 'noise'

// variationsOf returns settings as they are and others that differ from them in one
// thing each: strength, brush size, colours, the noise to begin with, and method.
export function variationsOf(s: Settings, recipes: RecipeInfo[]): Variation[] {
  const all: Variation[] = [{ name: 'As it is now', settings: s }]
  const move = (key: 'strength' | 'strokes', by: number, lowest: number, name: string) => {
    const value = Math.min(1, Math.max(lowest, Math.round(100 * (s[key] + by)) / 100))
    if (Math.abs(value - s[key]) >= least[key]) all.push({ name, settings: { ...s, [key]: value } })
  }
  move('strength', -step.strength, 0, 'Subtler')
  move('strength', step.strength, 0, 'Bolder')
  move('strokes', -step.strokes, -1, 'Finer brush')
  move('strokes', step.strokes, -1, 'Broader brush')
  for (const colors of ['content', 'style', 'match'] as const) {
    if (colors !== s.colors) all.push({ name: colours[colors].variation, settings: { ...s, colors } })
  }
  const now = recipes.find((r) => r.name === s.recipe)
  if (noisy(now)) all.push({ name: 'Another beginning', settings: { ...s, seed: s.seed + 1 } })
  for (const r of recipes) {
    if (r !== now && !noisy(r)) all.push({ name: `Method: ${r.title}`, settings: withRecipe(s, now, r) })
  }
  return all.slice(0, most)
}

// A Study is a variation and the look at it.
export class Study {
  state = $state<'waiting' | 'painting' | 'painted' | 'failed'>('waiting')
  picture: Blob | undefined
  url = $state('')

  constructor(readonly variation: Variation) {}
}

// A Sheet is the variations of the draft, painted one after another.
export class Sheet {
  readonly studies: Study[]
  // Why the last one failed, or ''.
  trouble = $state('')
  #closed = new AbortController()
  painted = $derived.by(() => this.studies.filter((s) => s.state === 'painted').length)

  constructor() {
    this.studies = variationsOf($state.snapshot(draft.settings), draft.recipes).map((v) => new Study(v))
  }

  // paint paints all, until the sheet is closed.
  async paint(): Promise<void> {
    const { signal } = this.#closed
    for (const study of this.studies) {
      if (signal.aborted) return
      study.state = 'painting'
      try {
        study.picture = await paintStudy(study.variation.settings, signal)
        if (signal.aborted) return
        study.url = URL.createObjectURL(study.picture)
        study.state = 'painted'
      } catch (e) {
        if (signal.aborted || e instanceof Locked) return
        study.state = 'failed'
        this.trouble = e instanceof Error ? e.message : String(e)
      }
    }
  }

  // take makes the settings of a variation those of the draft.
  take(study: Study): void {
    draft.settings = { ...study.variation.settings }
    if (study.picture) look.adopt(study.picture)
  }

  close(): void {
    this.#closed.abort()
    for (const s of this.studies) URL.revokeObjectURL(s.url)
  }
}

async function paintStudy(s: Settings, signal: AbortSignal): Promise<Blob> {
  const base = draft.recipes.find((r) => r.name === s.recipe)?.recipe
  if (!base) throw new Error(`This server has no method ${s.recipe}.`)
  return paintLook(lookOf(optionsOf(s, base, draft.shares, draft.scales, draft.taken), base), signal)
}
