import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Job } from './api'

const asked: string[] = []
let status = 204
let listeners: Record<string, () => void> = {}

async function load() {
  vi.resetModules()
  const { forget } = await import('./deletion')
  const { jobs } = await import('./jobs.svelte')
  const { notices } = await import('./notices.svelte')
  for (const id of ['a', 'b']) {
    jobs.put({ id, state: 'done', created: '2026-11-30T10:00:00Z', finished: '2026-11-30T10:01:00Z', inputs: [], attempts: 1, network: '', labels: { title: 'Castle' }, options: { recipe: { name: 'fine', size: 256, iterations: 1, style_scale: 1 } } } as Job)
  }
  const shown = () => jobs.list.map((e) => e.job.id).sort()
  return { forget, jobs, notices, shown }
}

beforeEach(() => {
  vi.useFakeTimers()
  asked.length = 0
  status = 204
  listeners = {}
  vi.stubGlobal('addEventListener', (name: string, listener: () => void) => (listeners[name] = listener))
  vi.stubGlobal('fetch', async (path: string, request: RequestInit) => {
    asked.push(`${request.method} ${path}${request.keepalive ? ' keepalive' : ''}`)
    return new Response(status === 204 ? null : '{}', { status })
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const later = () => vi.advanceTimersByTimeAsync(11_000)

test('a painting is deleted when Undo is no longer offered', async () => {
  const { forget, notices, shown, jobs } = await load()
  forget(['a'])
  expect(shown()).toEqual(['b'])
  expect([notices.text, notices.action?.label]).toEqual(['“Castle” is deleted.', 'Undo'])
  expect(asked).toEqual([])
  await later()
  expect(asked).toEqual(['DELETE /api/v1/jobs/a keepalive'])
  expect(notices.text).toBe('')
  expect(jobs.absent('a')).toBe(true)
})

test('Undo brings paintings back', async () => {
  const { forget, notices, shown } = await load()
  const undone = vi.fn()
  forget(['a', 'b'], undone)
  expect(shown()).toEqual([])
  expect(notices.text).toBe('2 paintings are deleted.')
  await notices.act()
  expect(shown()).toEqual(['a', 'b'])
  expect(undone).toHaveBeenCalledOnce()
  await later()
  expect(asked).toEqual([])
})

test('two deletions in a row are both carried out', async () => {
  const { forget } = await load()
  forget(['a'])
  forget(['b'])
  expect(asked).toEqual(['DELETE /api/v1/jobs/a keepalive'])
  await later()
  expect(asked).toEqual(['DELETE /api/v1/jobs/a keepalive', 'DELETE /api/v1/jobs/b keepalive'])
})

test('paintings are deleted when the page is left', async () => {
  const { forget } = await load()
  forget(['a', 'b'])
  listeners['pagehide']?.()
  expect(asked).toEqual(['DELETE /api/v1/jobs/a keepalive', 'DELETE /api/v1/jobs/b keepalive'])
  await later()
  expect(asked.length).toBe(2)
})

test.each([
  [500, ['a', 'b'], /^A painting was not deleted/],
  [404, ['b'], /^$/],
])('a deletion that is answered by %d', async (answer, left, said) => {
  const { forget, notices, shown } = await load()
  status = answer
  forget(['a'])
  await later()
  expect(shown()).toEqual(left)
  expect(notices.text).toMatch(said)
})
