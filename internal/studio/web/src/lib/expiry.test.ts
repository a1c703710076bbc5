import { expect, test } from 'vitest'
import { keptUntil, longestKeeping } from './expiry'

const now = new Date(2026, 10, 29, 19, 0)
const at = (days: number, hours = 0) => new Date(2026, 10, 29 + days, 19 + hours, 0).toISOString()

test('the day until which a painting is kept is said', () => {
  expect(keptUntil(at(7), now)).toEqual({ text: 'Kept until 6 December', soon: false })
  expect(keptUntil(at(60), now)).toEqual({ text: 'Kept until 28 January 2027', soon: false })
  expect(keptUntil(at(1, -1), now)).toEqual({ text: 'Kept until 30 November, 18:00', soon: true })
  expect(keptUntil(at(0, 2), now)).toEqual({ text: 'Kept until today, 21:00', soon: true })
  expect(keptUntil(undefined, now)).toEqual({ text: 'Kept for good', soon: false })
})

test('a painting is kept for good, or as long as the server allows', () => {
  expect(longestKeeping(at(7), 0, now)).toEqual({ retention: 'forever', label: 'Keep for good' })
  expect(longestKeeping(at(7), 30 * 86_400, now)).toEqual({ retention: '2592000s', label: 'Keep until 29 December' })
  expect(longestKeeping(at(7), 7 * 86_400, now)).toBeUndefined()
  expect(longestKeeping(undefined, 0, now)).toBeUndefined()
})
