import { expect, test } from 'vitest'
import type { Recipe, RecipeInfo } from './api'
import type { Settings } from './recipe'
import { variationsOf } from './variations.svelte'

const info = (name: Recipe['name'], title: string, init: 'content' | 'noise' = 'content'): RecipeInfo => ({
  name,
  title,
  description: '',
  parameters: [],
  recipe: { name, size: 512, iterations: 40, style_scale: 1, init },
})
const recipes = [info('fine', 'Fine'), info('classic', 'Classic', 'noise'), info('gatys', 'Gatys'), info('nnst', 'Collage')]
const usual: Settings = { recipe: 'fine', size: 1024, strength: 0.5, strokes: 0, colors: 'match', faces: true, effort: 2, seed: 0 }
const names = (s: Settings) => variationsOf(s, recipes).map((v) => v.name)

test('variations differ in one thing each, which their names say', () => {
  expect(names(usual)).toEqual([
    'As it is now', 'Subtler', 'Bolder', 'Finer brush', 'Broader brush', 'Photo’s colours', 'Style’s colours', 'Method: Gatys', 'Method: Collage',
  ])
  for (const { name, settings } of variationsOf({ ...usual, colors: 'style', faces: false }, recipes)) {
    const changed = Object.keys(settings).filter((k) => settings[k as keyof Settings] !== { ...usual, colors: 'style', faces: false }[k as keyof Settings])
    expect([name, changed.length]).toEqual([name, name === 'As it is now' ? 0 : 1])
  }
})

test('what cannot go further has no variation', () => {
  expect(names({ ...usual, strength: 1, strokes: -1 })).not.toContain('Bolder')
  expect(names({ ...usual, strength: 1, strokes: -1 })).not.toContain('Finer brush')
  expect(names({ ...usual, strength: 0.05 })).not.toContain('Subtler')
})

test('a sheet has six to nine, all of which differ', () => {
  for (const recipe of ['fine', 'classic', 'nnst', 'none of these']) {
    for (const strength of [0, 0.5, 1]) {
      for (const strokes of [-1, 0, 1]) {
        const all = variationsOf({ ...usual, recipe, strength, strokes }, recipes)
        expect(all.length).toBeGreaterThanOrEqual(6)
        expect(all.length).toBeLessThanOrEqual(9)
        expect(new Set(all.map((v) => JSON.stringify(v.settings))).size).toBe(all.length)
      }
    }
  }
})

test('a recipe that begins with noise has another beginning', () => {
  const other = variationsOf({ ...usual, recipe: 'classic', seed: 4 }, recipes).find((v) => v.name === 'Another beginning')
  expect(other?.settings.seed).toBe(5)
  expect(names(usual)).not.toContain('Another beginning')
})
