// The draft as the browser keeps it, so that a reload loses nothing of it. A
// browser that keeps nothing is none the worse: the draft is then gone.
import type { Settings } from './recipe'

export interface Kept {
  photo?: { name: string; blob: Blob }
  layers: [string, Blob][] // of the masks
  own: { id: string; title: string; file: Blob; chosen: boolean; share: number }[]
  examples: { url: string; share: number }[] // that are chosen
  several: boolean
  places: boolean
  settings: Settings
}

const database = 'pastiche'
const store = 'draft'
const key = 'draft'

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(database, 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore(store)
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error ?? new Error('no database'))
  })
}

async function run<T>(mode: IDBTransactionMode, act: (drafts: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const db = await open()
    try {
      return await new Promise<T>((resolve, reject) => {
        const transaction = db.transaction(store, mode)
        const request = act(transaction.objectStore(store))
        transaction.oncomplete = () => resolve(request.result)
        transaction.onabort = () => reject(transaction.error ?? new Error('not kept'))
      })
    } finally {
      db.close()
    }
  } catch {
    return undefined
  }
}

export const load = (): Promise<Kept | undefined> => run<Kept | undefined>('readonly', (d) => d.get(key))
export const save = (k: Kept): Promise<unknown> => run('readwrite', (d) => d.put(k, key))
export const forget = (): Promise<unknown> => run('readwrite', (d) => d.delete(key))
