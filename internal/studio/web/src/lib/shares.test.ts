import { expect, test } from 'vitest'
import { percents, withPercent } from './shares'

test('two styles share the whole', () => {
  expect(percents(withPercent([1, 1], 1, 40))).toEqual([60, 40])
  expect(percents(withPercent([1, 1], 1, 100))).toEqual([5, 95])
})

test('of more styles, the others keep their proportion', () => {
  expect(percents(withPercent([1, 1, 2], 2, 70))).toEqual([15, 15, 70])
  expect(percents([1, 1, 1])).toEqual([33, 33, 33])
})
