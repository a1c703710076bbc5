import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Job } from './api'

const asked: string[] = []
let status = 204
let listeners: Record<string, () => void> = {}

async function load() {
  vi.resetModules()
  const { forget, undoFor } = await import('./deletion')
  const { jobs } = await import('./jobs.svelte')
  const { notices } = await import('./notices.svelte')
  for (const id of ['a', 'b']) {
    jobs.put({ id, state: 'done', created: '2026-11-30T10:00:00Z', finished: '2026-11-30T10:01:00Z', inputs: [], attempts: 1, network: '', options: { recipe: { name: 'fine', size: 256, iterations: 1, style_scale: 1 } } } as Job)
  }
  const shown = () => jobs.list.map((e) => e.job.id).sort()
  return { forget, undoFor, jobs, notices, shown }
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

test('a painting is deleted when Undo is no longer offered', async () => {
  const { forget, undoFor, notices, shown, jobs } = await load()
  forget(['a'])
  expect(shown()).toEqual(['b'])
  expect(notices.action?.label).toBe('Undo')
  await vi.advanceTimersByTimeAsync(undoFor - 1)
  expect(asked).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(asked).toEqual(['DELETE /api/v1/jobs/a'])
  expect(notices.text).toBe('')
  expect(jobs.find('a')).toBeUndefined()
})

test('Undo brings paintings back', async () => {
  const { forget, undoFor, notices, shown } = await load()
  const undone = vi.fn()
  forget(['a', 'b'], undone)
  expect(shown()).toEqual([])
  expect(notices.text).toBe('2 paintings deleted.')
  await notices.action?.run()
  expect(shown()).toEqual(['a', 'b'])
  expect(undone).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(2 * undoFor)
  expect(asked).toEqual([])
})

test('paintings are deleted when the page is left', async () => {
  const { forget, undoFor } = await load()
  forget(['a', 'b'])
  listeners['pagehide']?.()
  await vi.advanceTimersByTimeAsync(2 * undoFor)
  expect(asked).toEqual(['DELETE /api/v1/jobs/a keepalive', 'DELETE /api/v1/jobs/b keepalive'])
})

test('what is not deleted is shown again', async () => {
  const { forget, undoFor, notices, shown } = await load()
  status = 500
  forget(['a'])
  await vi.advanceTimersByTimeAsync(undoFor)
  expect(shown()).toEqual(['a', 'b'])
  expect(notices.text).toMatch(/^A painting was not deleted/)
})
