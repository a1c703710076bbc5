// How a painting was painted, in words.
import * as api from './api'
import type { Colors, Job, RecipeInfo } from './api'
import { lengthOf, rateOf } from './clip'
import { balanced, efforts, settingsOf, strengthOf } from './recipe'

// A Fact is a line of the details of a painting.
export interface Fact {
  term: string
  value: string
}

const colours: Record<Colors, string> = { style: 'The style’s', content: 'The photo’s', match: 'The style’s exact palette' }

// factsOf returns what is known of how a painting was painted.
export function factsOf(j: Job, recipes: RecipeInfo[]): Fact[] {
  const { options } = j
  const info = recipes.find((r) => r.name === options.recipe.name)
  const facts: Fact[] = [
    { term: 'Method', value: info?.title ?? options.recipe.name },
    { term: 'Size', value: j.result ? `${j.result.width} × ${j.result.height} pixels` : `${options.recipe.size} pixels` },
    ...(j.video ? videoFacts(j.video) : []),
    { term: 'Strength', value: strengthWords(options.strength ?? balanced) },
  ]
  if (info) {
    const s = settingsOf(options, info.recipe)
    facts.push({ term: 'Brush size', value: brushWords(s.strokes) })
    if (options.recipe.init !== 'picture') facts.push({ term: 'Quality', value: qualityWords(s.effort) })
  }
  facts.push(
    { term: 'Colours', value: colours[options.recipe.colors || 'style'] },
    { term: 'Faces', value: facesWords(j) },
    { term: 'Begins with', value: { content: j.video ? 'the frames' : 'the photo', noise: 'noise', picture: 'an earlier painting' }[options.recipe.init ?? 'content'] },
    { term: 'Seed', value: String(options.seed ?? 0) },
  )
  const shares = sharesWords(j)
  if (shares) facts.push({ term: 'Styles', value: shares })
  if (api.input(j, 'keep')) facts.push({ term: 'Protected', value: 'A part stays photo' })
  if (j.network !== 'builtin') facts.push({ term: 'Network', value: j.network })
  return facts
}

function videoFacts(v: api.Video): Fact[] {
  return [
    { term: 'Length', value: lengthOf(v) },
    { term: 'Frames a second', value: rateOf(v) },
    { term: 'Shots', value: String(v.shots.length) },
    { term: 'Sound', value: v.sound ? 'Kept in MP4' : 'None' },
  ]
}

const strengthWords = (strength: number) => `${strengthOf(strength).name}, ${Math.round(100 * strength)} %`

function brushWords(strokes: number): string {
  if (strokes === 0) return 'As in the style'
  return `${strokes < 0 ? 'Finer' : 'Broader'}, ${Math.round(100 * 2 ** strokes)} %`
}

function qualityWords(effort: number): string {
  return efforts.find((e) => Math.abs(e.effort - effort) < 0.05)?.name ?? `${Math.round(100 * effort)} % of the steps`
}

function facesWords(j: Job): string {
  const kept = j.result?.faces
  if (j.options.recipe.faces !== 'keep') return 'Painted like the rest'
  if (kept) return `${kept} kept recognisable`
  return j.result ? 'None found' : 'Kept recognisable'
}

function sharesWords(j: Job): string | undefined {
  const styles = api.inputs(j, 'style')
  if (styles.length < 2) return undefined
  if (api.input(j, 'mask')) return `${styles.length}, each in its area`
  const weights = styles.map((_, n) => j.options.style_weights?.[n] ?? 1)
  const sum = weights.reduce((a, b) => a + b)
  return `${weights.map((w) => Math.round((100 * w) / sum)).join(' / ')} %`
}

// A Difference is a fact that differs between two paintings.
export interface Difference {
  term: string
  values: [string, string]
}

// differences returns in what two paintings differ, besides how they look.
export function differences(a: Job, b: Job, recipes: RecipeInfo[]): Difference[] {
  const [left, right] = [factsOf(a, recipes), factsOf(b, recipes)].map((facts) => new Map(facts.map((f) => [f.term, f.value])))
  const found: Difference[] = []
  for (const [term, role] of [['Photo', 'content'], ['Style', 'style']] as const) {
    const sums = [a, b].map((j) => api.inputs(j, role).map((i) => i.sha256).join())
    if (sums[0] !== sums[1]) found.push({ term, values: [nameOf(a, role), nameOf(b, role)] })
  }
  for (const term of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
    const values: [string, string] = [left?.get(term) ?? 'none', right?.get(term) ?? 'none']
    if (values[0] !== values[1]) found.push({ term, values })
  }
  return found
}

const nameOf = (j: Job, role: 'content' | 'style') => j.labels?.[role === 'content' ? 'photo' : 'style'] || 'another picture'
