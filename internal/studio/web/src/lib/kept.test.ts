import { expect, test } from 'vitest'
import { type Kept, newest } from './kept'

const draft = (saved?: number): Kept & { saved?: number } => ({
  layers: [], own: [], examples: [], several: false, places: false,
  settings: { recipe: 'fine', size: 512, strength: 0.5, strokes: 0, colors: 'style', faces: true, effort: 1, seed: 0 },
  ...(saved === undefined ? {} : { saved }),
})
const day = 24 * 60 * 60 * 1000

test('a new tab begins with the draft that was saved last', () => {
  const [a, b] = [draft(1000), draft(2000)]
  expect(newest([['a', a], ['b', b]], 3000).draft).toBe(b)
  expect(newest([], 3000).draft).toBeUndefined()
})

test('drafts of more than 30 days ago are forgotten', () => {
  const now = 100 * day
  expect(newest([['old', draft(now - 31 * day)], ['new', draft(now - 29 * day)], ['first', draft()]], now).old).toEqual(['old', 'first'])
})
