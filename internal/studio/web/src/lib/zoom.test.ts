import { expect, test } from 'vitest'
import { fitted, moved, zoomed } from './zoom'

test('the point under the pointer stays where it is', () => {
  const v = zoomed(fitted, 2, [100, 50], 400, 300)
  expect(v).toEqual({ scale: 2, x: -100, y: -50 })
  expect(zoomed(v, 0.5, [100, 50], 400, 300)).toMatchObject({ scale: 1 })
})

test('the photo covers its frame', () => {
  const v = zoomed(fitted, 2, [0, 0], 400, 300)
  expect(moved(v, 50, -900, 400, 300)).toEqual({ scale: 2, x: 0, y: -300 })
  expect(zoomed(v, 100, [0, 0], 400, 300).scale).toBe(8)
})
