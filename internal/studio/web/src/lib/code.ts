// A painting as a command and as a call of the API.
import * as api from './api'
import type { Job, RecipeInfo, Role } from './api'
import { balanced } from './recipe'

// The parameters of recipes that have flags of their own in 'pastiche paint'; --set sets
// the others.
const everyday = ['size', 'iterations', 'content_weight', 'style_scale', 'faces', 'colors']

// The parameters that the strength sets.
const strengthened = ['content_weight', 'first_content_weight', 'first_size', 'content_share', 'noise_share']

// changed returns the parameters of a painting that its recipe and its strength do not
// set already.
function changed(j: Job, recipes: RecipeInfo[]): Record<string, unknown> {
  const base: Record<string, unknown> = recipes.find((r) => r.name === j.options.recipe.name)?.recipe ?? {}
  const strong = (j.options.strength ?? balanced) !== balanced && j.options.recipe.init !== 'picture'
  return Object.fromEntries(
    Object.entries(j.options.recipe).filter(([name, value]) => name !== 'name' && !(strong && strengthened.includes(name)) && JSON.stringify(base[name]) !== JSON.stringify(value)),
  )
}

// files returns names for the pictures of a role: style.png, or style-1.png and so on.
function files(j: Job, role: Role, name: string): string[] {
  const pictures = api.inputs(j, role)
  return pictures.map((_, n) => (pictures.length > 1 ? `${name}-${n + 1}.png` : `${name}.png`))
}

function allFiles(j: Job): { field: Role | 'video'; files: string[] }[] {
  return [
    j.video ? { field: 'video', files: ['video.mp4'] } : { field: 'content', files: files(j, 'content', 'photo') },
    { field: 'style', files: files(j, 'style', 'style') },
    { field: 'mask', files: files(j, 'mask', 'mask') },
    { field: 'style_mask', files: files(j, 'style_mask', 'style-mask') },
    { field: 'keep', files: files(j, 'keep', 'keep') },
    { field: 'init', files: files(j, 'init', 'begin') },
  ]
}

// fetches returns the commands that fetch the pictures of a painting. The server keeps no
// file of a video.
export function fetches(j: Job, origin: string, key: boolean): string {
  return allFiles(j)
    .flatMap(({ field, files }) => field === 'video' ? [] : files.map((file, n) => `curl -sf ${key ? '-H "Authorization: Bearer $KEY" ' : ''}-o ${file} ${origin}${api.input(j, field, n)?.url}`))
    .join('\n')
}

// commandOf returns the command that paints the same.
export function commandOf(j: Job, recipes: RecipeInfo[]): string {
  const { recipe, strength = balanced, seed = 0, style_weights, style_scales } = j.options
  const pictures = allFiles(j).slice(0, 2).flatMap((given) => given.files).join(' ')
  const words = j.video ? [`pastiche video ${pictures}`, '-o painting.mp4'] : [`pastiche paint ${pictures}`, '-o painting.png']
  words.push(`--recipe ${quoted(recipe.name)}`)
  if (strength !== balanced) words.push(`--strength ${strength}`)
  const parameters = changed(j, recipes)
  if (j.video) parameters.size = recipe.size // the command has another default for videos
  for (const name of everyday) {
    if (name in parameters) words.push(`--${name.replaceAll('_', '-')} ${quoted(String(parameters[name]))}`)
  }
  const base: Record<string, unknown> = recipes.find((r) => r.name === recipe.name)?.recipe ?? {}
  if ('iterations' in parameters && recipe.first_iterations !== undefined) { // which --iterations changes by the same ratio
    parameters.first_iterations = recipe.first_iterations
    if (recipe.first_iterations === Math.trunc((Number(base.first_iterations) * Number(recipe.iterations)) / Number(base.iterations))) delete parameters.first_iterations
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (everyday.includes(name) || value === 'picture') continue // --init FILE begins with a picture
    words.push(`--set ${quoted(`${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)}`)
  }
  const { temporal, iterations, loop } = j.options.video ?? {}
  if (temporal !== undefined) words.push(`--temporal ${temporal}`)
  if (iterations) words.push(`--frame-iterations ${iterations}`)
  if (loop) words.push('--loop')
  if (seed) words.push(`--seed ${seed}`)
  if (style_weights) words.push(`--style-blend ${style_weights.join(',')}`)
  if (style_scales) words.push(`--style-scales ${style_scales.join(',')}`)
  for (const { field, files } of allFiles(j).slice(2)) for (const file of files) words.push(`--${field.replace('_', '-')} ${file}`)
  if (j.network !== 'builtin') words.push(`--network ${quoted(j.network)}`)
  return wrapped(words)
}

// callOf returns the call of the API that paints the same. key says whether the server
// expects a key.
export function callOf(j: Job, recipes: RecipeInfo[], origin: string, key: boolean): string {
  const options = { ...j.options, recipe: { name: j.options.recipe.name, ...changed(j, recipes) } }
  const head = key ? '' : `token=$(curl -sf ${origin}/api/v1/session | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')\n`
  const words = [`curl -sf ${origin}/api/v1/jobs`, key ? '-H "Authorization: Bearer $KEY"' : '-H "X-Pastiche-Token: $token"']
  for (const { field, files } of allFiles(j)) for (const file of files) words.push(`-F ${field}=@${file}`)
  words.push(`-F ${quoted(`options=${JSON.stringify(options)}`)}`)
  return head + wrapped(words)
}

const wrapped = (words: string[]) => words.join(' \\\n  ')

// quoted returns a word as a shell takes it.
function quoted(word: string): string {
  return /^[\w.,:=@%+/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
