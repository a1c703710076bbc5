// Paintings are deleted some seconds after somebody asks for it, so that Undo brings
// them back as they were.
import * as api from './api'
import { jobs } from './jobs.svelte'
import { notices } from './notices.svelte'
import { Problem } from './problem'
import { titleOf } from './title'

// What is deleted when its notice goes away.
const waiting = new Set<string>()

// forget hides jobs at once. They are deleted when the notice of that goes away, or when
// the page is left. undone is what else happens when somebody wants them back.
export function forget(ids: string[], undone?: () => void): void {
  const only = ids.length === 1 ? jobs.find(ids[0] ?? '') : undefined
  const text = only ? `“${titleOf(only.job)}” is deleted.` : `${ids.length} paintings are deleted.`
  const undo = () => {
    for (const id of ids) {
      waiting.delete(id)
      jobs.hidden.delete(id)
    }
    undone?.()
  }
  notices.removed(text, undo, () => void Promise.all(ids.map(remove)))
  for (const id of ids) {
    waiting.add(id)
    jobs.hidden.add(id)
  }
}

// remove deletes a job. One that the server does not delete is shown again.
async function remove(id: string): Promise<void> {
  if (!waiting.delete(id)) return
  try {
    await api.remove(id)
    jobs.forget(id)
  } catch (e) {
    if (e instanceof Problem && e.status === 404) return jobs.forget(id)
    notices.say(`A painting was not deleted. ${e instanceof Error ? e.message : ''}`)
  } finally {
    jobs.hidden.delete(id)
  }
}

addEventListener('pagehide', () => {
  for (const id of waiting) void remove(id)
})
