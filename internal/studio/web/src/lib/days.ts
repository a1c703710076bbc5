// The paintings of a person, as the history shows them: by day.
import type { Job } from './api'
import { label, titleOf } from './title'

export type Filter = 'all' | 'favourites' | 'progress'

// Day is the paintings of one day, the last finished first.
export interface Day<T> {
  name: string
  key: string
  good: T[]
  // Those that were stopped or failed.
  other: T[]
}

type Has = { job: Job }

const unfinished = (j: Job) => j.state === 'queued' || j.state === 'running'
export const favourite = (j: Job) => j.labels?.[label.favourite] === 'yes'

// filtered returns what a filter and words of a search leave of a list.
export function filtered<T extends Has>(list: T[], filter: Filter, search: string): T[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  return list.filter(({ job }) => {
    if (filter === 'favourites' && !favourite(job)) return false
    if (filter === 'progress' && !unfinished(job)) return false
    const title = titleOf(job).toLocaleLowerCase()
    return words.every((w) => title.includes(w))
  })
}

// days groups a list, in its order. What is not finished comes first.
export function days<T extends Has>(list: T[], now: Date): Day<T>[] {
  const found = new Map<string, Day<T>>()
  for (const e of list) {
    const { job } = e
    const [key, name] = unfinished(job) ? ['progress', 'In progress'] : dayOf(new Date(job.finished ?? job.created), now)
    const day = found.get(key) ?? { key, name, good: [], other: [] }
    found.set(key, day)
    const good = job.state === 'done' || unfinished(job)
    ;(good ? day.good : day.other).push(e)
  }
  return [...found.values()]
}

const long = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' })

function dayOf(date: Date, now: Date): [key: string, name: string] {
  const day = (d: Date) => new Date(d.getFullYear(), d.getMonth(), d.getDate())
  const key = String(day(date).getTime())
  // Days with a change of the clocks have other lengths.
  const ago = Math.round((day(now).getTime() - day(date).getTime()) / 86_400_000)
  return [key, ago === 0 ? 'Today' : ago === 1 ? 'Yesterday' : long.format(date)]
}

const ranks: Record<Job['state'], number> = { running: 0, queued: 1, done: 2, failed: 3, cancelled: 3 }

// important returns those that somebody most likely looks for: what is painted, what
// waits, and the last finished.
export function important<T extends Has>(list: T[], most: number): T[] {
  return [...list].sort((a, b) => ranks[a.job.state] - ranks[b.job.state]).slice(0, most)
}

// range returns the entries from one to another, both included, in the order of the list.
export function range<T>(list: T[], from: T | undefined, to: T): T[] {
  const ends = [from === undefined ? list.indexOf(to) : list.indexOf(from), list.indexOf(to)]
  if (ends.includes(-1)) return [to]
  return list.slice(Math.min(...ends), Math.max(...ends) + 1)
}
