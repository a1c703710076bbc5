import { afterEach, expect, test, vi } from 'vitest'
import { recall, remember } from './stored'

afterEach(() => vi.unstubAllGlobals())

test('a browser that stores nothing is no error', () => {
  const refuse = () => {
    throw new DOMException('denied', 'SecurityError')
  }
  vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse })
  expect(recall('theme')).toBeNull()
  remember('theme', 'dark')
})

test('what is remembered is recalled', () => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => kept.set(k, v) })
  remember('theme', 'dark')
  expect(recall('theme')).toBe('dark')
})
