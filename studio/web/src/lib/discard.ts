// Deleting paintings, with a chance to undo it.
import * as api from './api'
import { jobs, type Entry } from './jobs.svelte'
import { notices } from './notices.svelte'
import { router } from './route.svelte'
import { titleOf } from './title'

// What is deleted when its notice goes away.
let waiting: string[] = []

// discard takes paintings out of sight. They are deleted when the notice of that goes
// away, or when the page is left.
export function discard(entries: Entry[]): void {
  const ids = entries.map((e) => e.job.id)
  const [first] = entries
  if (!first) return
  const text = entries.length === 1 ? `“${titleOf(first.job)}” is deleted.` : `${entries.length} paintings are deleted.`
  const { route } = router
  const undo = () => {
    waiting = []
    jobs.hide(ids, false)
    router.go(route)
  }
  notices.removed(text, undo, () => void notices.attempt(remove))
  jobs.hide(ids, true)
  waiting = ids
  if (route.view !== 'all') router.go({ view: 'compose' })
}

async function remove(): Promise<void> {
  const ids = waiting
  waiting = []
  try {
    await Promise.all(
      ids.map(async (id) => {
        await api.remove(id)
        jobs.forget(id)
      }),
    )
  } finally {
    jobs.hide(ids, false) // those that could not be deleted
  }
}

// discardNow deletes what waits for that, as the page is left.
export function discardNow(): void {
  void remove().catch(() => {}) // nobody is there to read it
}
