// The jobs of this server, kept up to date by its events.
import * as api from './api'
import type { Job, Progress } from './api'

interface JobEvent {
  id: string
  job?: Job
  progress?: Progress
  preview?: number
}

// What is said while the server does not answer.
export const away = 'The server does not answer. What it has accepted is safe.'

export const final = (j: Job) => j.state === 'done' || j.state === 'failed' || j.state === 'cancelled'

class Jobs {
  list = $state<Job[]>([])
  loaded = $state(false)
  online = $state(true)
  // What a screen reader is told.
  news = $state('')
  #stream: EventSource | undefined

  // connect follows the events; the browser connects again by itself.
  connect(): void {
    this.#stream?.close()
    const stream = new EventSource(api.eventsURL)
    this.#stream = stream
    const on = (name: string, tell: (e: JobEvent) => void) => {
      stream.addEventListener(name, (e) => tell(JSON.parse((e as MessageEvent<string>).data) as JobEvent))
    }
    on('ready', () => void this.#load())
    on('job', (e) => e.job && this.put(e.job))
    on('progress', (e) => this.#change(e.id, (j) => e.progress && advance(j, e.progress)))
    on('preview', (e) => this.#change(e.id, (j) => (j.preview = e.preview ?? 0)))
    on('deleted', (e) => this.forget(e.id))
    stream.onerror = () => {
      if (this.online) this.news = away
      this.online = false
    }
  }

  async #load(): Promise<void> {
    if (!this.online) this.news = 'The server answers again.'
    this.online = true
    const fresh = await api.jobs()
    const curves = new Map(this.list.map((j) => [j.id, j.curve]))
    this.list = fresh.map((j) => {
      const curve = j.curve ?? curves.get(j.id)
      return curve ? { ...j, curve } : j
    })
    this.loaded = true
  }

  find(id: string): Job | undefined {
    return this.list.find((j) => j.id === id)
  }

  // put takes a job as the server has it.
  put(j: Job): void {
    const i = this.list.findIndex((other) => other.id === j.id)
    const before = this.list[i]
    if (!before) {
      this.list.unshift(j)
      return
    }
    if (before.state !== j.state) this.news = announcement(j)
    const curve = j.curve ?? before.curve
    this.list[i] = curve ? { ...j, curve } : j
  }

  // complete asks for what lists leave out.
  async complete(id: string): Promise<void> {
    this.put(await api.job(id))
  }

  forget(id: string): void {
    this.list = this.list.filter((j) => j.id !== id)
  }

  #change(id: string, change: (j: Job) => void): void {
    const j = this.find(id)
    if (j && !final(j)) change(j)
  }
}

// The curve is thinned as the server thins its own.
const longest = 120

function advance(j: Job, p: Progress): void {
  j.progress = p
  let curve = j.curve ?? []
  const last = curve.at(-1)
  if (last && last.step >= p.step) return
  if (curve.length >= longest) curve = curve.filter((_, i) => i % 2 === 1)
  j.curve = [...curve, { step: p.step, content: p.costs.content, style: p.costs.style, total: p.costs.total }]
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
