import { expect, test } from 'vitest'
import type { Progress } from './api'
import { frameOf, leftWords, passOf, queueWords, secondsLeft } from './progress'

const at = (scale: number, scales: number, more: Partial<Progress> = {}) => ({ scale, scales, width: 91, height: 61, step: 3, steps: 10, ...more }) as Progress

test.each([
  [1, 6, 'Pass 1 of 6: rough shapes (91 × 61)'],
  [3, 6, 'Pass 3 of 6: shapes and strokes (91 × 61)'],
  [6, 6, 'Pass 6 of 6: fine detail (91 × 61)'],
  [1, 1, '91 × 61 pixels'],
])('pass %i of %i', (scale, scales, words) => {
  expect(passOf(at(scale, scales))).toBe(words)
})

test('the frame of a video that is painted now', () => {
  expect(frameOf({ step: 0, steps: 80 })).toBe('Frame 1 of 80')
  expect(frameOf({ step: 11, steps: 80 })).toBe('Frame 12 of 80')
  expect(frameOf({ step: 80, steps: 80 })).toBe('Frame 80 of 80')
})

test('the time left is known from the first second', () => {
  const started = '2026-11-30T10:00:00Z'
  const later = (seconds: number) => Date.parse(started) + seconds * 1000
  expect(secondsLeft(undefined, started, undefined, later(5))).toBeUndefined()
  expect(secondsLeft(undefined, started, 60, later(20))).toBe(40)
  expect(secondsLeft(at(1, 2), started, 60, later(90))).toBe(1) // it takes longer than expected
  expect(secondsLeft(at(1, 2, { seconds_left: 7 }), started, 60, later(20))).toBe(7)
  expect(leftWords(at(1, 2), 40)).toBe('about 40 seconds left')
  expect(leftWords(at(2, 2, { step: 10 }), 40)).toBe('finishing')
  expect(leftWords(at(1, 2), undefined)).toBe('')
})

test('a place in the queue', () => {
  expect(queueWords(4, 370)).toBe('In line: 3 ahead, begins in about 6 minutes.')
  expect(queueWords(1, undefined)).toBe('In line: next.')
})
