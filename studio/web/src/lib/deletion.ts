// Paintings are deleted some seconds after somebody asks for it, so that Undo brings
// them back as they were.
import * as api from './api'
import { jobs } from './jobs.svelte'
import { notices } from './notices.svelte'
import { Problem } from './problem'

// undoFor is how many milliseconds Undo is offered.
export const undoFor = 10_000

// The jobs that are deleted when their time is over.
const waiting = new Map<string, ReturnType<typeof setTimeout>>()

// forget hides jobs at once, and deletes them when Undo is no longer offered or the
// page is left. undone is what else happens when somebody wants them back.
export function forget(ids: string[], undone?: () => void): void {
  const text = ids.length === 1 ? 'Painting deleted.' : `${ids.length} paintings deleted.`
  for (const id of ids) jobs.hidden.add(id)
  notices.removed(text, () => {
    clearTimeout(timer)
    for (const id of ids) {
      waiting.delete(id)
      jobs.hidden.delete(id)
    }
    undone?.()
  })
  const { said } = notices
  const timer = setTimeout(() => {
    if (notices.said === said) notices.dismiss()
    void remove(ids)
  }, undoFor)
  for (const id of ids) waiting.set(id, timer)
}

// remove deletes jobs one after another. Those that the server does not delete are
// shown again.
async function remove(ids: string[]): Promise<void> {
  for (const id of ids) {
    if (!waiting.delete(id)) continue
    try {
      await api.remove(id)
      jobs.forget(id)
    } catch (e) {
      if (e instanceof Problem && e.status === 404) jobs.forget(id)
      else notices.say(`A painting was not deleted. ${e instanceof Error ? e.message : ''}`)
    }
    jobs.hidden.delete(id)
  }
}

// leave deletes at once what waits to be deleted.
function leave(): void {
  for (const [id, timer] of waiting) {
    clearTimeout(timer)
    api.remove(id, true).catch(() => {}) // nobody is there to be told
  }
  waiting.clear()
}

addEventListener('pagehide', leave)
