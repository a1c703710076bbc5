import { expect, test } from 'vitest'
import type { Job, Recipe } from './api'
import { duration, optionsOf, place, settingsOf } from './recipe'

const base: Recipe = { name: 'fine', size: 512, iterations: 100, final_iterations: 20, style_scale: 1.5 }

test('settings become the parameters that they stand for', () => {
  const settings = { recipe: 'fine', size: 256, strength: 0.3, strokes: 1, colors: 'content' as const, faces: true, effort: 0.5 }
  expect(optionsOf(settings, base, [1, 2], [1, 1])).toEqual({
    recipe: { name: 'fine', size: 256, iterations: 50, final_iterations: 10, style_scale: 3, colors: 'content', faces: 'keep' },
    strength: 0.3,
    seed: 0,
    style_weights: [1, 2],
  })
})

test('what a job was painted with remains, except for what is changed', () => {
  const options: Job['options'] = { recipe: { ...base, iterations: 170, content_weight: 3, optimizer: 'lbfgs' }, seed: 9 }
  const taken = { options, settings: settingsOf(options, base) }
  expect(optionsOf(taken.settings, base, [1], [1], taken)).toEqual({ recipe: options.recipe, seed: 9 })
  expect(optionsOf({ ...taken.settings, size: 768, strength: 1 }, base, [1], [2], taken)).toEqual({
    recipe: { ...options.recipe, size: 768 },
    seed: 9,
    strength: 1,
    style_scales: [2],
  })
  const other = { ...base, name: 'classic' as const }
  expect(optionsOf({ ...taken.settings, recipe: 'classic' }, other, [1], [1], taken).recipe?.optimizer).toBeUndefined()
})

test('times and places are words', () => {
  expect(duration(2)).toBe('a few seconds')
  expect(duration(61)).toBe('about 65 seconds')
  expect(duration(600)).toBe('about 10 minutes')
  expect(place(1)).toBe('Next in the queue.')
  expect(place(3)).toBe('Third in the queue.')
  expect(place(12)).toBe('Number 12 in the queue.')
})
