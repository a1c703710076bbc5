import { expect, test } from 'vitest'
import type { Job } from './api'
import { caption } from './caption'
import { days, filtered, important, range } from './days'

const now = new Date(2026, 10, 30, 12)
const at = (day: number, hour = 10) => new Date(2026, 10, day, hour).toISOString()
const job = (id: string, more: Partial<Job> = {}): { job: Job; progress: undefined } => ({
  progress: undefined,
  job: {
    id,
    state: 'done',
    created: at(1),
    finished: at(30),
    attempts: 1,
    network: 'builtin',
    inputs: [],
    options: { recipe: { name: 'fine', size: 512, iterations: 100, style_scale: 1 } },
    labels: { title: id },
    ...more,
  },
})
const running = { ...job('running', { state: 'running' }), progress: undefined }
const list = [
  running,
  job('waiting', { state: 'queued' }),
  job('failed', { state: 'failed' }),
  job('Castle', { labels: { title: 'Castle', favourite: 'yes' } }),
  job('cat', { finished: at(29, 23) }),
  job('stopped', { state: 'cancelled', finished: at(29) }),
  job('Château', { finished: at(2) }),
]
const ids = (l: { job: Job }[]) => l.map((e) => e.job.id)

test('paintings are grouped by day, stopped and failed ones apart', () => {
  const groups = days(list, now)
  expect(groups.map((d) => [d.name, ids(d.good), ids(d.other)])).toEqual([
    ['In progress', ['running', 'waiting'], []],
    ['Today', ['Castle'], ['failed']],
    ['Yesterday', ['cat'], ['stopped']],
    [expect.stringContaining('2026'), ['Château'], []],
  ])
})

test('filters and words find paintings', () => {
  expect(ids(filtered(list, 'favourites', ''))).toEqual(['Castle'])
  expect(ids(filtered(list, 'progress', ''))).toEqual(['running', 'waiting'])
  expect(ids(filtered(list, 'all', ' châ '))).toEqual(['Château'])
  expect(ids(filtered(list, 'all', 'ca t'))).toEqual(['Castle', 'cat'])
})

test('what is painted and waits comes first', () => {
  expect(ids(important(list, 4))).toEqual(['running', 'waiting', 'Castle', 'cat'])
  expect(ids(important(list, 9)).slice(-2)).toEqual(['failed', 'stopped'])
})

test('a range goes both ways', () => {
  expect(range([1, 2, 3, 4], 3, 2)).toEqual([2, 3])
  expect(range([1, 2, 3, 4], undefined, 2)).toEqual([2])
  expect(range([1, 2, 3, 4], 9, 2)).toEqual([2]) // it is gone
})

test('the tab is called what it shows', () => {
  const find = (id: string) => list.find((e) => e.job.id === id)
  const progress = { step: 42, steps: 100 } as never
  const half = { ...running, progress }
  expect(caption({ view: 'painting', id: 'Castle' }, find, half, [])).toBe('Castle · pastiche')
  expect(caption({ view: 'painting', id: 'running' }, () => half, half, [])).toBe('42 % · running · pastiche')
  expect(caption({ view: 'compare', ids: ['Castle', 'cat'] }, find, half, [])).toBe('Castle and cat · pastiche')
  expect(caption({ view: 'all' }, find, half, [])).toBe('Your paintings · pastiche')
  expect(caption({ view: 'compose' }, find, half, [])).toBe('42 % · pastiche')
  expect(caption({ view: 'compose' }, find, undefined, [])).toBe('pastiche')
  expect(caption({ view: 'compose' }, find, half, [job('Castle').job])).toBe('Finished: Castle')
  expect(caption({ view: 'compose' }, find, half, [job('Castle').job, job('cat').job])).toBe('2 paintings are finished')
})
