import { afterEach, expect, test, vi } from 'vitest'
import type { Job } from './api'
import { Entry, Jobs } from './jobs.svelte'
import { visible } from './visible.svelte'

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
  vi.stubGlobal('navigator', {}) // one tab, without locks
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
    '/api/v1/jobs?limit=100': { jobs: [job('running', { state: 'running' }), finished('c', 30), finished('b', 20)], next: 'x', total: 4 },
    '/api/v1/jobs?limit=100&after=x': { jobs: [finished('a', 10)], total: 4 },
    '/api/v1/jobs/a': finished('a', 10),
  })
  const jobs = new Jobs()
  await jobs.refresh('a')
  jobs.connect()
  await vi.waitFor(() => expect(ids(jobs)).toEqual(['running', 'c', 'b']))
  expect(jobs.find('a')?.job.id).toBe('a') // known, but of a later page
  expect(jobs.total).toBe(4)
  jobs.put(job('new', { state: 'queued', created: '2026-01-02T00:00:00Z' }))
  expect(ids(jobs)).toEqual(['new', 'running', 'c', 'b'])
  await jobs.loadMore()
  expect(ids(jobs)).toEqual(['new', 'running', 'c', 'b', 'a'])
  expect([jobs.more, jobs.total]).toEqual([false, 5])
  jobs.disconnect()
  expect(ids(jobs)).toEqual([])
})

test('a job that does not exist is absent', async () => {
  serve({ '/api/v1/jobs/a': finished('a', 10) })
  const jobs = new Jobs()
  expect(jobs.absent('gone')).toBe(false)
  expect(await jobs.refresh('gone')).toBe(false)
  expect(jobs.absent('gone')).toBe(true)
  expect(await jobs.refresh('a')).toBe(true)
  expect(jobs.absent('a')).toBe(false)
  jobs.hidden.add('a')
  expect([ids(jobs), jobs.absent('a')]).toEqual([[], true])
  jobs.hidden.delete('a')
  expect(ids(jobs)).toEqual(['a'])
})

test('a quick look is known, and nothing tells of it', () => {
  const jobs = new Jobs()
  const told = vi.fn()
  jobs.whenFinished(told)
  jobs.put(job('look', { look: true, state: 'running' }))
  jobs.put(job('look', { look: true }))
  expect(jobs.find('look')?.job.state).toBe('done')
  expect([ids(jobs), jobs.total, jobs.news]).toEqual([[], 0, ''])
  expect(told).not.toHaveBeenCalled()
})

test('what becomes of a painting is told by its name', () => {
  const jobs = new Jobs()
  const told = vi.fn()
  jobs.whenFinished(told)
  const labels = { title: 'Castle' }
  jobs.put(job('a', { state: 'queued', labels }))
  jobs.put(job('a', { state: 'running', labels }))
  expect(jobs.news).toBe('Painting has begun: Castle.')
  jobs.put(job('a', { labels }))
  expect(jobs.news).toBe('Finished: Castle.')
  expect(told).toHaveBeenCalledOnce()
})

test('a page out of view keeps the preview that was seen last', () => {
  const entry = new Entry(job('a', { state: 'running' }))
  entry.preview = '1'
  expect(entry.preview).toBe('1')
  visible.hidden = true
  entry.preview = '2'
  expect(entry.preview).toBe('1')
  visible.hidden = false
  expect(entry.preview).toBe('2')
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
