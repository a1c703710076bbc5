// What the page loads when it opens. Each part is loaded by itself and asked for until
// it arrives, so that one that fails keeps nothing from working.
import { SvelteMap } from 'svelte/reactivity'
import { persist } from './backoff'
import { Locked } from './problem'

export class Loads {
  #failing = new SvelteMap<string, string>()

  // Why something has not arrived, or ''.
  get trouble(): string {
    return [...this.#failing.values()][0] ?? ''
  }

  // load asks for something until it arrives, and gives it to take. It resolves after the
  // first answer, whatever that was, and rejects where there is no session.
  load<T>(name: string, run: () => Promise<T>, take: (t: T) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (e: Error) => {
        this.#failing.set(name, e.message)
        resolve()
      }
      persist(run, Infinity, failed, (e) => !(e instanceof Locked))
        .then((t) => {
          take(t)
          resolve()
        }, reject)
        .finally(() => this.#failing.delete(name))
    })
  }
}
