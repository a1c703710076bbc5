import { expect, test } from 'vitest'
import { describe, firstOf, kindsOf, matches } from './gallery'

const wave = { title: 'The Great Wave off Kanagawa', by: 'Katsushika Hokusai', year: '1831', kind: 'woodcut', own: false }
const own = { title: 'My door', by: 'yours', own: true }

test('styles are found by title, artist, year and kind, without accents', () => {
  for (const search of ['', 'wave', 'HOKUSAI', '1831', 'wood', 'wave hokúsai']) expect(matches(wave, search, '')).toBe(true)
  expect(matches(wave, 'wave monet', '')).toBe(false)
  expect(matches(wave, '', 'oil')).toBe(false)
  expect(matches(own, '', 'yours')).toBe(true)
})

test('kinds are those of the styles', () => {
  expect(kindsOf([own, wave, wave, { own: false }])).toEqual(['yours', 'woodcut'])
})

test('the first styles have the chosen ones among them', () => {
  const styles = Array.from({ length: 20 }, (_, id) => ({ id, chosen: id === 2 || id === 15 }))
  expect(firstOf(styles, 4).map((s) => s.id)).toEqual([0, 1, 2, 15])
  expect(firstOf(styles.slice(0, 3), 4).map((s) => s.id)).toEqual([0, 1, 2])
})

test('the year is said once', () => {
  expect(describe(wave)).toBe('Katsushika Hokusai, 1831')
  expect(describe({ by: 'Vincent van Gogh, 1889', year: '1889' })).toBe('Vincent van Gogh, 1889')
  expect(describe(own)).toBe('yours')
})
