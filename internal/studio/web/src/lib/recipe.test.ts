import { expect, test } from 'vitest'
import type { Job, Recipe, RecipeInfo } from './api'
import { brief, duration, lookOf, optionsOf, place, settingsOf, summaryOf, videoOptionsOf, withRecipe, type Settings } from './recipe'

const base: Recipe = { name: 'fine', size: 512, iterations: 100, final_iterations: 20, style_scale: 1.5 }
const usual: Settings = { recipe: 'fine', size: 512, strength: 0.5, strokes: 0, colors: 'style', faces: true, effort: 1, seed: 0 }

test('settings become the parameters that they stand for', () => {
  const settings = { ...usual, size: 256, strength: 0.3, strokes: 1, colors: 'content' as const, effort: 0.5, seed: 7 }
  expect(optionsOf(settings, base, [1, 2], [1, 1])).toEqual({
    recipe: { name: 'fine', size: 256, iterations: 50, final_iterations: 10, style_scale: 3, colors: 'content', faces: 'keep' },
    strength: 0.3,
    seed: 7,
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

test('the quality of a video is that of all its frames', () => {
  expect(videoOptionsOf(usual, false)).toEqual({ loop: false })
  expect(videoOptionsOf({ effort: 0.5 }, true)).toEqual({ iterations: 5, loop: true })
  const taken = { options: { recipe: base, video: { iterations: 7, temporal: 3, loop: true } }, settings: usual }
  expect(videoOptionsOf(usual, false, taken)).toEqual({ iterations: 7, temporal: 3, loop: false })
  expect(videoOptionsOf({ effort: 2 }, false, taken)).toEqual({ iterations: 20, temporal: 3, loop: false })
})

// answered returns options as the server tells of them: with all parameters.
const answered = (o: ReturnType<typeof optionsOf>, of: Recipe): Job['options'] => ({ ...o, recipe: { ...of, ...o.recipe } })

test('the settings of a job are those it was submitted with', () => {
  const odd: Recipe = { ...base, iterations: 75, first_iterations: 33 } // half of which is no whole number
  for (const of of [base, odd]) {
    for (const effort of [0.5, 1, 2]) {
      for (const strokes of [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]) {
        for (const strength of [0, 0.05, 0.5, 0.95, 1]) {
          for (const colors of ['style', 'content', 'match'] as const) {
            const s: Settings = { ...usual, size: 1533, effort, strokes, strength, colors, faces: strokes < 0, seed: 3 }
            expect(settingsOf(answered(optionsOf(s, of, [1], [1]), of), of)).toEqual(s)
          }
        }
      }
    }
  }
})

test('another recipe keeps the colours and faces that a person chose', () => {
  const info = (name: string, recipe: Recipe): RecipeInfo => ({ name, title: name, description: '', parameters: [], recipe })
  const fine = info('fine', { ...base, colors: 'match', faces: 'keep' })
  const gatys = info('gatys', { ...base, name: 'gatys' })
  const untouched: Settings = { ...usual, colors: 'match' }
  expect(withRecipe(untouched, fine, gatys)).toEqual({ ...untouched, recipe: 'gatys', colors: 'style', faces: false })
  expect(withRecipe({ ...untouched, colors: 'content' }, fine, gatys)).toEqual({ ...untouched, recipe: 'gatys', colors: 'content', faces: false })
  expect(withRecipe({ ...untouched, faces: false }, fine, gatys).faces).toBe(false)
  expect(withRecipe({ ...usual, faces: true }, gatys, { ...gatys, name: 'classic' }).faces).toBe(true)
  expect(withRecipe({ ...usual, colors: 'content' }, undefined, fine).colors).toBe('match')
})

test('the summary says what is set', () => {
  expect(summaryOf(usual, 'Fine', false)).toBe('Fine, the style’s colours, brush size as in the style')
  expect(summaryOf({ ...usual, colors: 'content', strokes: -0.5, faces: false, effort: 2, seed: 4 }, 'Classic', true)).toBe(
    'Classic, the photo’s colours, finer brush, faces painted like the rest, best quality, beginning 4',
  )
  expect(summaryOf({ ...usual, effort: 1.7, seed: 4 }, 'Fine', false)).toContain('a quality of its own')
})

test('a quick look is small and short, and begins like its painting', () => {
  const scaled: Recipe = { ...base, iterations: 40, first_size: 200, first_iterations: 160, final_iterations: 300 }
  const options = optionsOf({ ...usual, strength: 0.8, strokes: 1, effort: 2 }, scaled, [1], [1])
  expect(lookOf(options, scaled)).toEqual({
    recipe: { ...options.recipe, size: 160, iterations: 80, first_size: 64, first_iterations: 80, final_iterations: 40 },
    strength: 0.8,
    seed: 0,
  })
  expect(lookOf(optionsOf({ ...usual, size: 256 }, scaled, [1], [1]), scaled).recipe?.first_size).toBe(125)
  const small = optionsOf({ ...usual, size: 100, effort: 2 }, base, [1], [1])
  expect(lookOf(small, base).recipe).toEqual({ ...small.recipe, iterations: 200, final_iterations: 20 })
  expect(lookOf(small, { ...base, style_cost: 'emd' }).recipe?.iterations).toBe(24)
  expect(lookOf({ ...small, video: { loop: true } }, base)).toEqual(lookOf(small, base)) // it is at one frame
})

test('a recipe that a server adds is sent under its own name', () => {
  expect(optionsOf({ ...usual, recipe: 'poster' }, base, [1], [1]).recipe?.name).toBe('poster')
})

test('times and places are words', () => {
  expect(duration(2)).toBe('a few seconds')
  expect(duration(61)).toBe('about 65 seconds')
  expect(duration(600)).toBe('about 10 minutes')
  expect([2, 31, 55, 95, 600, 7200].map(brief)).toEqual(['5 s', '35 s', '1 min', '2 min', '10 min', '2 h'])
  expect(place(1)).toBe('Next in the queue.')
  expect(place(3)).toBe('Third in the queue.')
  expect(place(12)).toBe('Number 12 in the queue.')
})
