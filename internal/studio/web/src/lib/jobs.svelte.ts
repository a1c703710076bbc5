// The jobs of this server, kept up to date by its events.
import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import * as api from './api'
import type { Job, Progress, Sample } from './api'
import { share } from './leader'
import { Problem } from './problem'
import { titleOf } from './title'
import { visible } from './visible.svelte'

export const final = (j: Job) => j.state === 'done' || j.state === 'failed' || j.state === 'cancelled'

// Entry is a job and what becomes known of it while it is painted.
export class Entry {
  job: Job = $state.raw() as Job
  progress: Progress | undefined = $state.raw()
  #preview: string | undefined = $state.raw()
  #seen: string | undefined // the latest preview while the page was in view
  samples: Sample[] = $state.raw([])

  constructor(j: Job) {
    this.take(j)
  }

  // The URL of the latest preview. It does not change while the page is out of view, so
  // that nothing is downloaded that nobody sees.
  get preview(): string | undefined {
    if (!visible.hidden) this.#seen = this.#preview
    return this.#seen
  }

  set preview(url: string | undefined) {
    this.#preview = url
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

// count is how many jobs are loaded at once.
const count = 100

export class Jobs {
  #entries = new SvelteMap<string, Entry>()
  // The end of the pages that were loaded, where there are more.
  #end = $state.raw<{ last: Job; next: string } | undefined>()
  // How many jobs there are beyond it.
  #beyond = $state(0)
  // Jobs that were asked for by their id, and those of them that do not exist.
  #wanted = new Set<string>()
  #absent = new SvelteSet<string>()
  // Jobs that lists leave out, because they are about to be deleted.
  hidden = new SvelteSet<string>()
  // The paintings of the pages that were loaded. The map knows others, too: quick looks,
  // and old paintings that were asked for.
  list = $derived.by(() => {
    const end = this.#end
    return [...this.#entries.values()]
      .filter((e) => !e.job.look && !this.hidden.has(e.job.id) && (!end || order(e.job, end.last) <= 0))
      .sort((a, b) => order(a.job, b.job))
  })
  // How many paintings there are, loaded or not.
  total = $derived(this.list.length + this.#beyond)
  // Whether the list was loaded.
  loaded = $state(false)
  // Why no events arrive, or ''.
  trouble = $state('')
  // What screen readers announce.
  news = $state('')
  #following: AbortController | undefined
  #finished: (j: Job) => void = () => {}

  get more(): boolean {
    return this.#end !== undefined
  }

  // whenFinished sets what happens when a painting is finished.
  whenFinished(happens: (j: Job) => void): void {
    this.#finished = happens
  }

  // connect follows the events until leave or disconnect.
  connect(): void {
    this.leave()
    this.#following = new AbortController()
    void share(api.events, (e) => this.#hear(e.event ?? '', e.data), (trouble) => this.#lost(trouble), this.#following.signal)
  }

  // leave stops following the events, so that another tab may have the stream.
  leave(): void {
    this.#following?.abort()
  }

  // disconnect leaves and forgets all jobs.
  disconnect(): void {
    this.leave()
    this.#entries.clear()
    this.#absent.clear()
    this.#wanted.clear()
    this.#end = undefined
    this.#beyond = 0
    this.loaded = false
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
        const entry = this.#running(e.id)
        if (entry) this.#advance(entry, e.progress)
        return
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

  #advance(entry: Entry, p: Progress): void {
    const before = quarters(entry.progress)
    entry.advance(p)
    if (!entry.job.look && quarters(p) > before) this.news = `${titleOf(entry.job)}: ${25 * quarters(p)} % painted.`
  }

  #lost(trouble: string): void {
    if (!trouble) return
    this.trouble = trouble
    this.news = trouble
  }

  // load replaces what is known by as many jobs as were loaded before.
  async #load(): Promise<void> {
    const wanted = this.list.length
    let page = await api.jobs(count)
    const fresh = [...page.jobs]
    while (page.next && fresh.length < wanted) {
      page = await api.jobs(count, page.next)
      fresh.push(...page.jobs)
    }
    const listed = new Set(fresh.map((j) => j.id))
    for (const [id, { job }] of this.#entries) {
      if (listed.has(id)) continue
      if (job.look ? !final(job) : this.#wanted.has(id)) await this.refresh(id)
      else if (!job.look) this.#entries.delete(id)
    }
    for (const j of fresh) this.put(j)
    this.#turn(page)
    this.loaded = true
    if (this.trouble) this.news = 'The connection is back.'
    this.trouble = ''
  }

  // loadMore loads the next page of the list.
  async loadMore(): Promise<void> {
    if (!this.#end) return
    const page = await api.jobs(count, this.#end.next)
    for (const j of page.jobs) this.put(j)
    this.#turn(page)
  }

  #turn(page: api.List): void {
    const last = page.jobs.at(-1) ?? this.#end?.last
    this.#end = page.next && last ? { last, next: page.next } : undefined
    this.#beyond = this.#end ? Math.max(0, (page.total ?? 0) - this.list.length) : 0
  }

  // find returns a job that is known.
  find(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  // absent reports whether a job was asked for and does not exist, or exists no longer.
  absent(id: string): boolean {
    return this.#absent.has(id) || this.hidden.has(id)
  }

  // put takes a job as the server has it.
  put(j: Job): void {
    this.#absent.delete(j.id)
    const entry = this.#entries.get(j.id)
    if (!entry) {
      this.#entries.set(j.id, new Entry(j))
      return
    }
    const changed = entry.job.state !== j.state
    entry.take(j)
    if (!changed || j.look) return
    this.news = announcement(j)
    if (j.state === 'done') this.#finished(j)
  }

  // refresh asks for a job and reports whether there is one.
  async refresh(id: string): Promise<boolean> {
    this.#wanted.add(id)
    const j = await found(api.job(id))
    if (j) this.put(j)
    else this.forget(id)
    return j !== undefined
  }

  // forget takes note that a job is gone.
  forget(id: string): void {
    this.#entries.delete(id)
    this.hidden.delete(id)
    this.#absent.add(id)
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

// quarters returns how many quarters of a painting are done.
function quarters(p: Progress | undefined): number {
  return p ? Math.floor((4 * p.step) / p.steps) : 0
}

function announcement(j: Job): string {
  const title = titleOf(j)
  switch (j.state) {
    case 'queued':
      return `In line: ${title}.`
    case 'running':
      return `Painting has begun: ${title}.`
    case 'done':
      return `Finished: ${title}.`
    case 'failed':
      return `Painting failed: ${title}. ${j.error ?? ''}`
    case 'cancelled':
      return `Stopped: ${title}.`
  }
}

export const jobs = new Jobs()
