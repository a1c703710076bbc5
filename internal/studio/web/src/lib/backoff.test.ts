import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { delay, persist } from './backoff'
import { follow } from './follow'
import { Locked, Problem } from './problem'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('delays grow up to a limit, and obey the server', () => {
  expect([0, 1, 2, 20].map((n) => delay(n, 0, () => 1))).toEqual([1000, 2000, 4000, 30_000])
  expect(delay(0, 0, () => 0)).toBe(500)
  expect(delay(0, 15, () => 0)).toBe(15_500)
})

test('what passes is tried again, what does not is not', async () => {
  const busy = new Problem(503, 'full', 'busy', 2)
  const run = vi.fn().mockRejectedValueOnce(busy).mockResolvedValueOnce('done')
  const failed = vi.fn()
  const result = persist(run, 3, failed)
  await vi.runAllTimersAsync()
  expect(await result).toBe('done')
  expect(failed).toHaveBeenCalledTimes(1)

  const always = vi.fn().mockRejectedValue(busy)
  const given = expect(persist(always, 3, failed)).rejects.toBe(busy)
  await vi.runAllTimersAsync()
  await given
  expect(always).toHaveBeenCalledTimes(3)

  const refused = vi.fn().mockRejectedValue(new Problem(429, 'full', 'queue_full', 15))
  await expect(persist(refused, 3, failed)).rejects.toThrow('The queue is full')
  expect(refused).toHaveBeenCalledTimes(1)
})

const stream = (...texts: string[]) => new Response(texts.join(''))

test('a stream comes back after each end, until the session ends', async () => {
  const answers = [
    () => stream('event: ready\ndata: {}\n\n', ': comment\n\n', 'event: job\ndata: 1\n\n'),
    () => Promise.reject(new Problem(502, 'Bad Gateway')),
    () => stream('event: ready\ndata: {}\n\n'),
    () => Promise.reject(new Locked()),
  ]
  const told: (string | undefined)[] = []
  const lost: [string, number][] = []
  const end = follow(
    async () => answers.shift()!(),
    (e) => void told.push(e.event),
    (e, failures) => void lost.push([e instanceof Problem ? String(e.status) : String(e), failures]),
    new AbortController().signal,
  )
  await vi.runAllTimersAsync()
  await end
  expect(told).toEqual(['ready', 'alive', 'job', 'ready'])
  expect(lost).toEqual([['undefined', 0], ['502', 1], ['undefined', 0]])
})

test('an event that cannot be handled opens the stream again', async () => {
  const abort = new AbortController()
  const tell = vi.fn().mockRejectedValueOnce(new Problem(503, 'down', 'unavailable')).mockImplementation(() => abort.abort())
  const end = follow(async () => stream('event: ready\ndata: {}\n\n'), tell, () => {}, abort.signal)
  await vi.runAllTimersAsync()
  await end
  expect(tell).toHaveBeenCalledTimes(2)
})

test('a silent stream is given up', async () => {
  const abort = new AbortController()
  const lost = vi.fn(() => abort.abort())
  const end = follow(async () => new Response(new ReadableStream()), () => {}, lost, abort.signal)
  await vi.runAllTimersAsync()
  await end
  expect(lost).toHaveBeenCalledOnce()
})
