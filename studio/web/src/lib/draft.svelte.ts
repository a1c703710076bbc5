// The painting that is being composed: a photo, paintings, and how.
import * as api from './api'
import type { Job, RecipeInfo, Source, Submission } from './api'
import type { Kept, OwnStyle } from './kept'
import { keep, type Lent, Masks } from './masks.svelte'
import { fetchPhoto, openPhoto, uploaded, type Photo } from './photo'
import { label } from './title'
import { balanced, optionsOf, settingsOf, type Settings, type Taken } from './recipe'

// A Style is a painting that can be chosen.
export interface Style {
  id: string
  title: string
  by: string
  url: string
  chosen: boolean
  share: number
  scale: number // relative to the recipe's
  own: boolean // whether a person brought it
  file?: Blob
  source?: Source // of a picture that the server has
  part?: Source // the mask of what counts of it
}

const untouched: Omit<Settings, 'colors' | 'faces'> = { recipe: 'fine', size: 512, strength: balanced, strokes: 0, effort: 1 }

// The colours of the layers, over the photo.
const tints = ['#e5b255', '#4f7df0', '#e0567a', '#35b08a', '#a869e0', '#e0813a', '#3fb4d6', '#9bbf3b']

class Draft {
  photo = $state<Photo | undefined>()
  masks = $state<Masks | undefined>()
  styles = $state<Style[]>([])
  recipes = $state<RecipeInfo[]>([])
  // Whether several may be chosen, and are blended everywhere or have their places.
  several = $state(false)
  places = $state(false)
  settings = $state<Settings>({ ...untouched, colors: 'style', faces: true })
  maxStyles = 8
  #brought = 0
  // What remains of a job that was taken: its options, and the picture it began from.
  taken = $state.raw<Taken | undefined>()
  init = $state.raw<Source | undefined>()
  // The idempotency key of the next submission. It is used again until an answer
  // arrives, so that a lost answer makes no second painting.
  key = $state(newKey())

  // Those of which a part counts are first, as masks of parts are sent for the first
  // styles.
  chosen = $derived(this.styles.filter((s) => s.chosen).sort((a, b) => Number(!a.part) - Number(!b.part)))
  // What the brush may paint: what stays a photo, and where the paintings but the
  // first go.
  layers = $derived([
    { name: keep, title: 'Stays a photo', tint: tints[0] ?? '' },
    ...(this.places ? this.chosen.slice(1) : []).map((s, i) => ({ name: s.id, title: `${i + 2} · ${s.title}`, tint: tints[i + 1] ?? '' })),
  ])
  recipe = $derived(this.recipes.find((r) => r.name === this.settings.recipe))
  ready = $derived(this.photo !== undefined && this.chosen.length > 0 && this.recipe !== undefined)
  options = $derived(
    this.recipe &&
      optionsOf(this.settings, this.recipe.recipe, this.places ? [] : this.chosen.map((s) => s.share), this.chosen.map((s) => s.scale), this.taken),
  )

  // The names of what is painted, for the title of the painting.
  get labels(): Record<string, string> {
    const short = (name: string) => [...name].slice(0, 63).join('')
    return {
      ...(this.photo ? { [label.photo]: short(this.photo.name) } : {}),
      ...(this.chosen.length > 0 ? { [label.style]: short(this.chosen.map((s) => s.title).join(' and ')) } : {}),
    }
  }

  offer(paintings: api.Example[]): void {
    const offered = paintings.map(({ title, by = '', url }, i) => ({ title, by, url, id: `example-${i}`, chosen: false, share: 1, scale: 1, own: false }))
    this.styles = [...this.styles.filter((s) => s.own), ...offered]
  }

  async setPhoto(blob: Blob, name: string): Promise<void> {
    this.#setPhoto(await openPhoto(blob, name))
  }

  async setExample(url: string, name: string): Promise<void> {
    this.#setPhoto(await fetchPhoto(url, name))
  }

  #setPhoto(photo: Photo): Masks {
    if (this.photo) URL.revokeObjectURL(this.photo.url)
    this.photo = photo
    this.masks = new Masks(photo)
    return this.masks
  }

  clearPhoto(): void {
    if (this.photo) URL.revokeObjectURL(this.photo.url)
    this.photo = this.masks = undefined
  }

  choose(style: Style): void {
    if (this.several) {
      if (style.chosen || this.chosen.length < this.maxStyles) style.chosen = !style.chosen
      return
    }
    for (const s of this.styles) s.chosen = s === style
  }

  setSeveral(several: boolean): void {
    this.several = several
    if (several) return
    this.places = false
    const [first] = this.chosen
    for (const s of this.styles) s.chosen = s === first
  }

  // addStyle adds a painting that a person brought, and chooses it.
  async addStyle(blob: Blob, name: string): Promise<void> {
    const p = await openPhoto(blob, name)
    if (!this.several) for (const s of this.styles) s.chosen = false
    this.styles.unshift({
      id: `own-${this.#brought++}`,
      title: name.replace(/\.[^.]+$/, '') || 'Your painting',
      by: 'yours',
      url: p.url,
      chosen: this.chosen.length < this.maxStyles,
      share: 1,
      scale: 1,
      own: true,
      file: p.blob,
    })
  }

  setRecipe(name: string): void {
    this.settings.recipe = name
    this.settings.colors = this.recipe?.recipe.colors || 'style'
    this.settings.faces = this.recipe?.recipe.faces === 'keep'
  }

  // take makes the pictures and settings of a job those of the draft. The pictures
  // stay where they are: on the server.
  async take(j: Job): Promise<void> {
    const source = (role: api.Role, number = 0): Source => ({ job: { id: j.id, role, number } })
    const styles = api.inputs(j, 'style')
    const masks = api.inputs(j, 'mask')
    const parts = api.inputs(j, 'style_mask').length
    for (const s of this.styles) s.chosen = false
    this.several = styles.length > 1
    const added = styles.map((input, n): Style => ({
      id: `own-${this.#brought++}`,
      title: 'From an earlier painting',
      by: 'yours',
      url: input.thumbnail,
      chosen: true,
      share: j.options.style_weights?.[n] ?? 1,
      scale: j.options.style_scales?.[n] ?? 1,
      own: true,
      source: source('style', n),
      ...(n < parts ? { part: source('style_mask', n) } : {}),
    }))
    this.styles = [...added, ...this.styles]
    const entry = this.recipes.find((r) => r.name === j.options.recipe.name)
    if (entry) {
      this.settings = settingsOf(j.options, entry.recipe)
      this.taken = { options: j.options, settings: $state.snapshot(this.settings) }
    }
    this.init = api.input(j, 'init') && source('init')
    this.places = false
    const content = api.input(j, 'content')
    if (!content) return
    const drawn = this.#setPhoto({ name: 'photo', url: content.url, width: content.width, height: content.height, source: source('content') })
    const lent: Lent = { layers: {} }
    const lend = async (layer: string, mask: api.Input) => {
      await drawn.open(layer, await (await fetch(mask.url)).blob())
      lent.layers[layer] = source(mask.role, mask.number)
    }
    for (const [n, mask] of masks.entries()) {
      const style = added[n]
      if (n === 0) lent.rest = source('mask')
      else if (style) await lend(style.id, mask)
    }
    const kept = api.input(j, 'keep')
    if (kept) await lend(keep, kept)
    drawn.lend(lent)
    this.places = masks.length > 0
  }

  // kept returns what the browser keeps of the draft, besides the layers of the masks.
  kept(): Omit<Kept, 'layers'> {
    const own = this.styles.filter((s) => s.own).map(({ by: _, own: __, ...s }): OwnStyle => $state.snapshot(s) as OwnStyle)
    return {
      ...(this.photo ? { photo: $state.snapshot(this.photo) as Photo } : {}),
      own,
      examples: this.styles.filter((s) => !s.own && s.chosen).map((s) => ({ url: s.url, share: s.share })),
      several: this.several,
      places: this.places,
      settings: $state.snapshot(this.settings),
      key: this.key,
      ...(this.taken ? { taken: this.taken } : {}),
      ...(this.init ? { init: this.init } : {}),
      ...(this.masks?.lent ? { lent: this.masks.lent } : {}),
    }
  }

  // restore takes back what the browser kept, except for pictures that the server has
  // no longer.
  async restore(k: Kept): Promise<void> {
    this.settings = { ...this.settings, ...k.settings }
    this.several = k.several
    this.taken = k.taken
    this.init = k.init
    this.key = k.key
    for (const s of this.styles) {
      const example = k.examples.find((e) => e.url === s.url)
      if (example) [s.chosen, s.share] = [true, example.share]
    }
    for (const s of [...k.own].reverse()) {
      this.#brought = Math.max(this.#brought, Number(s.id.replace('own-', '')) + 1)
      if (!s.file && !(await api.exists(s.url))) continue
      this.styles.unshift({ ...s, by: 'yours', own: true, url: s.file ? URL.createObjectURL(s.file) : s.url })
    }
    if (!k.photo) return
    if (k.photo.blob) await this.setPhoto(k.photo.blob, k.photo.name)
    else if (await api.exists(k.photo.url)) this.#setPhoto(k.photo)
    else return
    await this.masks?.restore(k.layers)
    if (k.lent) this.masks?.lend(k.lent)
    this.places = k.places
  }

  // clear begins a new draft.
  clear(): void {
    this.clearPhoto()
    for (const s of this.styles) if (s.file) URL.revokeObjectURL(s.url)
    this.styles = this.styles.filter((s) => !s.own).map((s) => ({ ...s, chosen: false, share: 1 }))
    this.several = this.places = false
    this.settings = { ...this.settings, ...untouched }
    this.taken = this.init = undefined
    this.setRecipe(untouched.recipe)
  }

  // renew makes the next submission another one.
  renew(): void {
    this.key = newKey()
  }

  // submission uploads the pictures that the server does not have yet, and returns
  // what is submitted.
  async submission(): Promise<Submission> {
    const { photo, masks, options } = this
    if (!photo || !options) throw new Error('There is no photo yet.')
    const s: Submission = { content: await sourceOf(photo.source, photo.blob), styles: [], options, labels: this.labels }
    for (const style of this.chosen) {
      if (!style.own) style.file ??= await (await fetch(style.url)).blob()
      s.styles.push(await sourceOf(style.source, style.file))
    }
    const parts = this.chosen.flatMap((style) => style.part ?? [])
    if (parts.length > 0) s.style_masks = parts
    if (options.recipe?.init === 'picture' && this.init) s.init = this.init
    if (!masks) return s
    const { layers, rest } = masks.lent ?? { layers: {} as Lent['layers'] }
    const layer = async (name: string) => layers[name] ?? uploaded(await masks.file(name))
    const others = this.chosen.slice(1).map((style) => style.id)
    if (this.places && others.some((name) => masks.painted(name))) {
      const lent = Object.keys(layers).filter((name) => name !== keep)
      const same = lent.length === others.length && others.every((name) => lent.includes(name))
      s.masks = [same && rest ? rest : await uploaded(await masks.rest(others))]
      for (const name of others) s.masks.push(await layer(name))
    }
    if (masks.painted(keep)) s.keep = await layer(keep)
    return s
  }
}

// sourceOf returns where the server has a picture, which is uploaded where it has
// only a blob.
async function sourceOf(source: Source | undefined, blob: Blob | undefined): Promise<Source> {
  if (source) return source
  if (!blob) throw new Error('A picture is missing. Choose it again.')
  return uploaded(blob)
}

function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('')
}

export const draft = new Draft()
