import { afterEach, expect, test, vi } from 'vitest'
import type { Job } from './api'
import { Entry, Jobs } from './jobs.svelte'

const job = (id: string, more: Partial<Job> = {}): Job => ({
  id,
  state: 'done',
  created: '2026-01-01T00:00:00Z',
  attempts: 1,
  network: 'builtin',
  inputs: [],
  options: { recipe: { name: 'fine', size: 512, iterations: 100, style_scale: 1 } },
  ...more,
})
const finished = (id: string, minute: number) => job(id, { finished: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString() })

afterEach(() => vi.unstubAllGlobals())

// serve answers requests for paths; the stream of events stays open.
function serve(answers: Record<string, unknown>): void {
  vi.stubGlobal('fetch', async (path: string) => {
    if (path.endsWith('/events')) {
      const start = (c: ReadableStreamDefaultController) => c.enqueue(new TextEncoder().encode('event: ready\ndata: {}\n\n'))
      return new Response(new ReadableStream({ start }))
    }
    const answer = answers[path]
    return answer ? Response.json(answer) : Response.json({ detail: 'no such job', code: 'not_found' }, { status: 404 })
  })
}

const ids = (jobs: Jobs) => jobs.list.map((e) => e.job.id)

test('the list is in the order of the server, page by page', async () => {
  serve({
    '/api/v1/jobs?limit=200': { jobs: [job('running', { state: 'running' }), finished('c', 30), finished('b', 20)], next: 'x' },
    '/api/v1/jobs?limit=200&after=x': { jobs: [finished('a', 10)] },
    '/api/v1/jobs/a': finished('a', 10),
  })
  const jobs = new Jobs()
  jobs.selected = 'a'
  jobs.connect()
  await vi.waitFor(() => expect(ids(jobs)).toEqual(['running', 'c', 'b']))
  expect(jobs.find('a')?.job.id).toBe('a') // known, but of a later page
  jobs.put(job('new', { state: 'queued', created: '2026-01-02T00:00:00Z' }))
  expect(ids(jobs)).toEqual(['new', 'running', 'c', 'b'])
  await jobs.loadMore()
  expect(ids(jobs)).toEqual(['new', 'running', 'c', 'b', 'a'])
  expect(jobs.more).toBe(false)
  jobs.forget('a')
  expect(jobs.selected).toBeUndefined()
  expect(await jobs.refresh('gone')).toBe(false)
  jobs.disconnect()
  expect(ids(jobs)).toEqual([])
})

test('a curve grows with the progress and stays short', () => {
  const entry = new Entry(job('a', { state: 'running' }))
  const costs = { content: 1, style: 2, variation: 0, total: 3 }
  for (let step = 1; step <= 1000; step++) {
    entry.advance({ step, steps: 1000, scale: 1, scales: 1, iteration: step, iterations: 1000, width: 8, height: 8, costs })
  }
  expect(entry.samples.length).toBeLessThanOrEqual(120)
  expect(entry.samples.at(-1)?.step).toBe(1000)
  entry.take(job('a', { state: 'queued' }))
  expect(entry.samples).toEqual([])
})
