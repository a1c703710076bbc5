// The draft as the browser keeps it, so that a reload loses nothing of it. Where the
// browser stores nothing, as in some private windows, a reload begins a new draft.
import { createStore, del, get, set } from 'idb-keyval'
import type { Source } from './api'
import type { Lent } from './masks.svelte'
import type { Photo } from './photo'
import type { Settings, Taken } from './recipe'

export interface Kept {
  photo?: Photo // whose url is that of a blob of an earlier page, where it has a blob
  layers: [string, Blob][] // of the masks
  lent?: Lent
  own: OwnStyle[]
  examples: { url: string; share: number }[] // that are chosen
  several: boolean
  places: boolean
  settings: Settings
  taken?: Taken
  init?: Source
  key: string
}

export interface OwnStyle {
  id: string
  title: string
  url: string
  chosen: boolean
  share: number
  scale: number
  file?: Blob
  source?: Source
  part?: Source
}

const key = 'draft'
const store = createStore('pastiche', 'draft')

// attempt runs something that fails where the browser stores nothing.
async function attempt<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch {
    return undefined
  }
}

export const load = () => attempt(() => get<Kept>(key, store))
export const save = (k: Kept) => attempt(() => set(key, k, store))
export const forget = () => attempt(() => del(key, store))
