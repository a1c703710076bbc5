// The painting that is being composed: a photo, paintings, and how.
import * as api from './api'
import type { Job, RecipeEntry } from './api'
import type { Kept } from './kept'
import { keep, Masks } from './masks.svelte'
import { fetchPhoto, openPhoto, type Photo } from './photo'
import { balanced, optionsOf, settingsOf, type Settings } from './recipe'

// A Style is a painting that can be chosen.
export interface Style {
  id: string
  title: string
  by: string
  url: string
  chosen: boolean
  share: number
  file?: Blob // of one that a person brought
}

const untouched: Omit<Settings, 'colors' | 'faces'> = { recipe: 'fine', size: 512, strength: balanced, strokes: 0, effort: 1 }

// The colours of the layers, over the photo.
const tints = ['#e5b255', '#4f7df0', '#e0567a', '#35b08a', '#a869e0', '#e0813a', '#3fb4d6', '#9bbf3b']

class Draft {
  photo = $state<Photo | undefined>()
  masks = $state<Masks | undefined>()
  styles = $state<Style[]>([])
  recipes = $state<RecipeEntry[]>([])
  // Whether several may be chosen, and are blended everywhere or have their places.
  several = $state(false)
  places = $state(false)
  settings = $state<Settings>({ ...untouched, colors: 'style', faces: true })
  maxStyles = 8
  #brought = 0

  chosen = $derived(this.styles.filter((s) => s.chosen))
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
      optionsOf(this.settings, this.recipe.recipe, this.places ? [] : this.chosen.map((s) => s.share)),
  )

  offer(paintings: api.Example[]): void {
    this.styles = paintings.map((p, i) => ({ ...p, id: `example-${i}`, chosen: false, share: 1 }))
  }

  async setPhoto(blob: Blob, name: string): Promise<void> {
    this.#setPhoto(await openPhoto(blob, name))
  }

  async setExample(url: string, name: string): Promise<void> {
    this.#setPhoto(await fetchPhoto(url, name))
  }

  #setPhoto(photo: Photo): void {
    if (this.photo) URL.revokeObjectURL(this.photo.url)
    this.photo = photo
    this.masks = new Masks(photo)
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
      file: p.blob,
    })
  }

  setRecipe(name: string): void {
    this.settings.recipe = name
    this.settings.colors = this.recipe?.recipe.colors || 'style'
    this.settings.faces = this.recipe?.recipe.faces === 'keep'
  }

  // take makes the pictures and settings of a job those of the draft.
  async take(j: Job): Promise<void> {
    const entry = this.recipes.find((r) => r.name === j.options.recipe.name)
    if (entry) this.settings = settingsOf(j.options, entry.recipe)
    if (j.content) this.#setPhoto(await fetchPhoto(api.contentURL(j.id, 2048), 'photo'))
    for (const s of this.styles) s.chosen = false
    this.several = j.styles > 1
    for (let n = j.styles - 1; n >= 0; n--) {
      const p = await fetchPhoto(api.styleURL(j.id, n, 2048), 'painting')
      await this.addStyle(p.blob, 'From an earlier painting')
      URL.revokeObjectURL(p.url)
      const added = this.styles[0]
      if (added) added.share = j.options.weights?.[n] ?? 1
    }
    this.places = false
  }

  // kept returns what the browser keeps of the draft.
  kept(): Omit<Kept, 'layers'> {
    const own = this.styles.flatMap(({ id, title, file, chosen, share }) => (file ? [{ id, title, file, chosen, share }] : []))
    return {
      ...(this.photo ? { photo: { name: this.photo.name, blob: this.photo.blob } } : {}),
      own,
      examples: this.styles.filter((s) => !s.file && s.chosen).map((s) => ({ url: s.url, share: s.share })),
      several: this.several,
      places: this.places,
      settings: $state.snapshot(this.settings),
    }
  }

  // restore takes back what the browser kept.
  async restore(k: Kept): Promise<void> {
    this.settings = { ...this.settings, ...k.settings }
    this.several = k.several
    for (const s of this.styles) {
      const example = k.examples.find((e) => e.url === s.url)
      if (example) [s.chosen, s.share] = [true, example.share]
    }
    for (const s of [...k.own].reverse()) {
      this.styles.unshift({ ...s, by: 'yours', url: URL.createObjectURL(s.file) })
      this.#brought = Math.max(this.#brought, Number(s.id.replace('own-', '')) + 1)
    }
    if (!k.photo) return
    await this.setPhoto(k.photo.blob, k.photo.name)
    await this.masks?.restore(k.layers)
    this.places = k.places
  }

  // clear begins afresh.
  clear(): void {
    this.clearPhoto()
    for (const s of this.styles) if (s.file) URL.revokeObjectURL(s.url)
    this.styles = this.styles.filter((s) => !s.file).map((s) => ({ ...s, chosen: false, share: 1 }))
    this.several = this.places = false
    this.settings = { ...this.settings, ...untouched }
    this.setRecipe(untouched.recipe)
  }

  // form returns what is sent.
  async form(): Promise<FormData> {
    const form = new FormData()
    if (!this.photo || !this.options) throw new Error('There is no photo yet.')
    form.append('content', this.photo.blob, 'content')
    for (const s of this.chosen) {
      const file = s.file ?? (await (await fetch(s.url)).blob())
      form.append('style', file, 'style')
    }
    const others = this.chosen.slice(1).map((s) => s.id)
    if (this.places && this.masks && others.some((id) => this.masks?.painted(id))) {
      form.append('mask', await this.masks.rest(others), 'mask')
      for (const id of others) form.append('mask', await this.masks.file(id), 'mask')
    }
    if (this.masks?.painted(keep)) form.append('keep', await this.masks.file(keep), 'keep')
    form.append('options', JSON.stringify(this.options))
    return form
  }
}

export const draft = new Draft()
