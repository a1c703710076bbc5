import { expect, test } from 'vitest'
import { mostPresets, parsePresets, withPreset } from './presets.svelte'
import type { Settings } from './recipe'

const settings: Settings = { recipe: 'fine', size: 512, strength: 0.5, strokes: 0, colors: 'style', faces: true, effort: 1, seed: 0 }

test('a preset replaces the one of its name', () => {
  const one = withPreset([], { name: 'Soft', settings })
  const two = withPreset(one, { name: 'Loud', settings: { ...settings, strength: 1 } })
  const again = withPreset(two, { name: 'Soft', settings: { ...settings, strength: 0 } })
  expect(again.map((p) => [p.name, p.settings.strength])).toEqual([['Soft', 0], ['Loud', 1]])
  let many = again
  for (let i = 0; i < 2 * mostPresets; i++) many = withPreset(many, { name: `${i}`, settings })
  expect(many.length).toBe(mostPresets)
})

test('what is kept is read again, and what is damaged is left out', () => {
  const all = [{ name: 'Soft', settings }]
  expect(parsePresets(JSON.stringify(all))).toEqual(all)
  expect(parsePresets(null)).toEqual([])
  expect(parsePresets('{')).toEqual([])
  expect(parsePresets('7')).toEqual([])
  expect(parsePresets('[{"name":"x"}]')).toEqual([])
  expect(parsePresets(JSON.stringify([{ name: 1, settings }, ...all]))).toEqual(all)
})
