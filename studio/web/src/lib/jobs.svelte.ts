// The jobs of this server, kept up to date by its events.
import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import * as api from './api'
import type { Job, Progress, Sample } from './api'
import { follow } from './follow'
import { Problem, unreachable } from './problem'

export const final = (j: Job) => j.state === 'done' || j.state === 'failed' || j.state === 'cancelled'

// Entry is a job and what becomes known of it while it is painted.
export class Entry {
  job: Job = $state.raw() as Job
  progress: Progress | undefined = $state.raw()
  preview: string | undefined = $state.raw()
  samples: Sample[] = $state.raw([])

  constructor(j: Job) {
    this.take(j)
  }

  take(j: Job): void {
    this.job = j
    if (j.state !== 'running') this.progress = undefined
    if (j.state === 'queued') [this.samples, this.preview] = [[], undefined] // of an earlier attempt
    if (j.progress) this.advance(j.progress)
  }

  advance(p: Progress): void {
    this.progress = p
    if (p.preview) this.preview = p.preview
    const last = this.samples.at(-1)
    if (!last || last.step < p.step) {
      this.samples = thinned([...this.samples, { step: p.step, content: p.costs.content, style: p.costs.style, total: p.costs.total }])
    }
  }

  // complete loads the costs so far, or all of a finished job.
  async complete(): Promise<void> {
    const running = this.job.state === 'running'
    if (!running && !this.job.result?.curve) return
    const { samples } = await api.curve(this.job.id)
    const last = samples.at(-1)?.step ?? 0
    this.samples = running ? thinned([...samples, ...this.samples.filter((s) => s.step > last)]) : samples
  }
}

// most is how many samples a curve has: as many as the server's.
const most = 120

function thinned(samples: Sample[]): Sample[] {
  return samples.length > most ? samples.filter((_, i) => i % 2 === 1) : samples
}

// order is that of the server's list: what is not finished first, the newest first,
// then the last finished first.
export function order(a: Job, b: Job): number {
  if (final(a) !== final(b)) return final(a) ? 1 : -1
  const [x, y] = final(a) ? [a.finished ?? '', b.finished ?? ''] : [a.created, b.created]
  return Date.parse(y) - Date.parse(x) || (a.id < b.id ? 1 : -1)
}

export class Jobs {
  #entries = new SvelteMap<string, Entry>()
  // The end of the pages that were loaded, where there are more.
  #end = $state.raw<{ last: Job; next: string } | undefined>()
  // The job that is looked at.
  selected = $state<string | undefined>()
  // Jobs that lists leave out, because they are about to be deleted.
  hidden = new SvelteSet<string>()
  // The jobs of the pages that were loaded. The map knows others, too, such as an old
  // one that is looked at.
  list = $derived.by(() => {
    const end = this.#end
    return [...this.#entries.values()].filter((e) => !this.hidden.has(e.job.id) && (!end || order(e.job, end.last) <= 0)).sort((a, b) => order(a.job, b.job))
  })
  // Why no events arrive, or ''.
  trouble = $state('')
  // What screen readers announce.
  news = $state('')
  #following: AbortController | undefined

  get more(): boolean {
    return this.#end !== undefined
  }

  // connect follows the events until disconnect.
  connect(): void {
    this.disconnect()
    this.#following = new AbortController()
    void follow(api.events, (e) => this.#hear(e.event ?? '', e.data), (error, failures) => this.#lost(error, failures), this.#following.signal)
  }

  // disconnect forgets all jobs.
  disconnect(): void {
    this.#following?.abort()
    this.#entries.clear()
    this.#end = undefined
    this.trouble = ''
  }

  #hear(name: string, data: string): void | Promise<void> {
    switch (name) {
      case 'ready':
        return this.#load()
      case 'job':
        return this.put((JSON.parse(data) as { job: Job }).job)
      case 'progress': {
        const e = JSON.parse(data) as api.ProgressEvent
        return this.#running(e.id)?.advance(e.progress)
      }
      case 'preview': {
        const e = JSON.parse(data) as api.PreviewEvent
        const entry = this.#running(e.id)
        if (entry) entry.preview = e.progress.preview
        return
      }
      case 'deleted':
        return this.forget((JSON.parse(data) as { id: string }).id)
    }
  }

  #running(id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    return entry && !final(entry.job) ? entry : undefined
  }

  #lost(error: unknown, failures: number): void {
    if (failures === 0 && !(error instanceof Problem)) return // the stream broke off, and may be back at once
    this.trouble = error instanceof Problem ? error.message : unreachable
    this.news = this.trouble
  }

  // load replaces what is known by as many jobs as were loaded before.
  async #load(): Promise<void> {
    const wanted = this.list.length
    const fresh: Job[] = []
    let next: string | undefined
    do {
      const page = await api.jobs(next)
      fresh.push(...page.jobs)
      next = page.next
    } while (next && fresh.length < wanted)
    const known = new Set(fresh.map((j) => j.id))
    const { selected } = this
    if (selected && !known.has(selected)) {
      const j = await found(api.job(selected))
      if (j) known.add(selected)
      if (j) this.put(j)
    }
    for (const id of [...this.#entries.keys()]) if (!known.has(id)) this.forget(id)
    for (const j of fresh) this.put(j)
    this.#turn(fresh, next)
    if (this.trouble) this.news = 'The server answers again.'
    this.trouble = ''
  }

  // loadMore loads the next page of the list.
  async loadMore(): Promise<void> {
    if (!this.#end) return
    const page = await api.jobs(this.#end.next)
    for (const j of page.jobs) this.put(j)
    this.#turn(page.jobs, page.next)
  }

  #turn(jobs: Job[], next: string | undefined): void {
    const last = jobs.at(-1) ?? this.#end?.last
    this.#end = next && last ? { last, next } : undefined
  }

  // find returns a job that is known.
  find(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  // put takes a job as the server has it.
  put(j: Job): void {
    const entry = this.#entries.get(j.id)
    if (!entry) {
      this.#entries.set(j.id, new Entry(j))
      return
    }
    if (entry.job.state !== j.state) this.news = announcement(j)
    entry.take(j)
  }

  // refresh asks for a job and reports whether there is one.
  async refresh(id: string): Promise<boolean> {
    const j = await found(api.job(id))
    if (j) this.put(j)
    else this.forget(id)
    return j !== undefined
  }

  forget(id: string): void {
    this.#entries.delete(id)
    if (this.selected === id) this.selected = undefined
  }
}

async function found(job: Promise<Job>): Promise<Job | undefined> {
  try {
    return await job
  } catch (e) {
    if (e instanceof Problem && e.status === 404) return undefined
    throw e
  }
}

function announcement(j: Job): string {
  switch (j.state) {
    case 'queued':
      return 'Your painting waits its turn.'
    case 'running':
      return 'Painting has begun.'
    case 'done':
      return 'Your painting is finished.'
    case 'failed':
      return `Painting failed: ${j.error ?? ''}`
    case 'cancelled':
      return 'Painting was stopped.'
  }
}

export const jobs = new Jobs()
