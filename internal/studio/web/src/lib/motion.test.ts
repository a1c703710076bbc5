import { afterEach, expect, test, vi } from 'vitest'
import { motion } from './motion'

afterEach(() => vi.unstubAllGlobals())

test.each([
  [true, 'instant'],
  [false, 'smooth'],
])('reduced motion %s scrolls %s', (matches, behaviour) => {
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: matches && query === '(prefers-reduced-motion: reduce)' }))
  expect(motion()).toBe(behaviour)
})
