// The drafts as the browser keeps them, one for each tab, so that a reload loses
// nothing. Where the browser stores nothing, as in some private windows, a reload
// begins a new draft.
import { clear, createStore, delMany, entries, get, set } from 'idb-keyval'
import type { Source } from './api'
import type { Lent } from './masks.svelte'
import type { Photo } from './photo'
import type { Settings, Taken } from './recipe'
import type { Sent } from './upload'

export interface Kept {
  photo?: Photo // whose url is that of a blob of an earlier page, where it has a blob
  layers: [string, Blob][] // of the masks
  lent?: Lent
  own: OwnStyle[]
  examples: KeptExample[] // that are chosen
  several: boolean
  places: boolean
  loop?: boolean
  settings: Settings
  taken?: Taken
  init?: Source
  key?: string // absent in a copy of another tab's draft
}

export interface KeptExample {
  url: string
  share: number
  slot: number
  files: Sent[]
}

export interface OwnStyle {
  id: string
  title: string
  url: string
  thumbnail?: string
  chosen: boolean
  slot: number
  share: number
  scale: number
  file?: Blob
  files?: Sent[]
  source?: Source
  sum?: string
  part?: Source
}

// Saved is a draft and when it was saved, in milliseconds since 1970.
type Saved = Kept & { saved?: number }

const store = createStore('pastiche', 'draft')
// A draft that was not touched for so long is forgotten.
const keptFor = 30 * 24 * 60 * 60 * 1000

// attempt runs something that fails where the browser stores nothing.
async function attempt<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch {
    return undefined
  }
}

// newest returns the draft that was saved last, and old the keys of those that are
// forgotten.
export function newest(all: [string, Saved][], now: number): { draft: Saved | undefined; old: string[] } {
  const at = (d: Saved) => d.saved ?? 0
  const sorted = [...all].sort(([, a], [, b]) => at(b) - at(a))
  return { draft: sorted[0]?.[1], old: sorted.filter(([, d]) => at(d) < now - keptFor).map(([key]) => key) }
}

// copied returns a draft for another tab, whose submissions are its own.
function copied({ key: _, saved: __, ...d }: Saved): Kept {
  return d
}

const tabKey = 'draft'
let tab = 'draft'

// claim makes an id this tab's until it is closed, and reports whether it is of no
// other tab: a tab that is duplicated has the session storage of the first.
function claim(id: string): Promise<boolean> {
  if (!('locks' in navigator)) return Promise.resolve(true) // as on plain HTTP
  return new Promise((resolve) => {
    void navigator.locks.request(`draft ${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null)
      return lock ? new Promise(() => {}) : undefined
    })
  })
}

// load returns the draft of this tab. A new tab begins with a copy of the draft that
// was saved last, and a duplicate with a copy of the first's.
export const load = () =>
  attempt(async (): Promise<Kept | undefined> => {
    const before = sessionStorage.getItem(tabKey)
    const ours = before !== null && (await claim(before))
    tab = ours ? before : newID()
    if (!ours) {
      sessionStorage.setItem(tabKey, tab)
      await claim(tab)
    }
    const { draft, old } = newest(await entries<string, Saved>(store), Date.now())
    await delMany(old, store)
    const known = before === null ? undefined : await get<Saved>(before, store)
    if (ours && known) return known
    const from = known ?? draft
    return from && copied(from)
  })

export const save = (k: Kept) => attempt(() => set(tab, { ...k, saved: Date.now() }, store))
export const forget = () => attempt(() => clear(store))

function newID(): string {
  return `draft-${[...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, '0')).join('')}`
}
