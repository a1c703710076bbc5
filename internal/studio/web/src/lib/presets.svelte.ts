// Settings that a person keeps under a name of their own, in this browser.
import { recall, remember } from './stored'
import type { Settings } from './recipe'

export interface Preset {
  name: string
  settings: Settings
}

const key = 'presets'
// No more are kept than a person finds again.
export const mostPresets = 30

// parsePresets reads what an earlier page kept, without what it cannot use.
export function parsePresets(text: string | null): Preset[] {
  try {
    const all = JSON.parse(text ?? '[]') as Preset[]
    return all.filter(({ name, settings }) => typeof name === 'string' && typeof settings.recipe === 'string' && typeof settings.size === 'number')
  } catch {
    return []
  }
}

// withPreset returns presets with another one first, which replaces one of its name.
export function withPreset(all: Preset[], p: Preset): Preset[] {
  return [p, ...all.filter(({ name }) => name !== p.name)].slice(0, mostPresets)
}

class Presets {
  all = $state.raw<Preset[]>(parsePresets(recall(key)))

  save(name: string, settings: Settings): void {
    this.#keep(withPreset(this.all, { name, settings }))
  }

  remove(name: string): void {
    this.#keep(this.all.filter((p) => p.name !== name))
  }

  #keep(all: Preset[]): void {
    this.all = all
    remember(key, JSON.stringify(all))
  }
}

export const presets = new Presets()
