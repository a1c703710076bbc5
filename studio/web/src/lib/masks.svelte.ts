// Where on the photo is painted what: layers of brush strokes, at most one of
// which covers a place.
import type { Source } from './api'
import { toBlob, type Photo } from './photo'

// The layer of what stays as it is; the others are named after styles.
export const keep = 'keep'

const longSide = 1024

// Lent are the masks of an earlier job. They are sent as they are until somebody
// paints: a mask may be finer than its layer.
export interface Lent {
  // Of keep and the styles, by the names of their layers.
  layers: Record<string, Source>
  // Of the first style, which paints what the layers of the others leave.
  rest?: Source
}

export class Masks {
  readonly width: number
  readonly height: number
  // Grows with each change, so that whoever shows the layers draws again.
  version = $state(0)
  #layers = new Map<string, HTMLCanvasElement>()
  #past: Map<string, ImageData>[] = []
  #lent: (Lent & { version: number }) | undefined

  constructor(photo: Photo) {
    const scale = Math.min(1, longSide / Math.max(photo.width, photo.height))
    this.width = Math.max(1, Math.round(photo.width * scale))
    this.height = Math.max(1, Math.round(photo.height * scale))
  }

  // layer returns a layer to draw from, where there is one.
  layer(name: string): HTMLCanvasElement | undefined {
    return this.#layers.get(name)
  }

  painted(name: string): boolean {
    void this.version
    return this.#layers.has(name)
  }

  // lend sets the masks that the layers were made from.
  lend(lent: Lent): void {
    this.#lent = { ...lent, version: this.version }
  }

  // lent returns the masks that the layers still are.
  get lent(): Lent | undefined {
    return this.#lent?.version === this.version ? this.#lent : undefined
  }

  // begin marks where undo returns to.
  begin(): void {
    const now = new Map<string, ImageData>()
    for (const [name, canvas] of this.#layers) now.set(name, pen(canvas).getImageData(0, 0, this.width, this.height))
    this.#past = [...this.#past.slice(-15), now]
  }

  undo(): void {
    const before = this.#past.pop()
    if (!before) return
    this.#layers.clear()
    for (const [name, data] of before) pen(this.#canvas(name)).putImageData(data, 0, 0)
    this.version++
  }

  get undoable(): boolean {
    void this.version
    return this.#past.length > 0
  }

  // stroke draws from one place to another, both in pixels of the masks.
  stroke(name: string, from: [number, number], to: [number, number], size: number, erase: boolean): void {
    this.#canvas(name)
    for (const [other, canvas] of this.#layers) {
      const p = pen(canvas)
      p.globalCompositeOperation = other === name && !erase ? 'source-over' : 'destination-out'
      if (erase && other !== name) continue
      p.strokeStyle = '#fff'
      p.lineCap = p.lineJoin = 'round'
      p.lineWidth = size
      p.beginPath()
      p.moveTo(...from)
      p.lineTo(to[0] + 0.01, to[1])
      p.stroke()
    }
    this.version++
  }

  clear(name: string): void {
    this.begin()
    this.#layers.delete(name)
    this.version++
  }

  #canvas(name: string): HTMLCanvasElement {
    let canvas = this.#layers.get(name)
    if (!canvas) {
      canvas = document.createElement('canvas')
      canvas.width = this.width
      canvas.height = this.height
      this.#layers.set(name, canvas)
    }
    return canvas
  }

  // file returns a layer, white on black.
  async file(name: string): Promise<Blob> {
    return this.#flat((p) => {
      const layer = this.#layers.get(name)
      if (layer) p.drawImage(layer, 0, 0)
    }, '#000')
  }

  // rest returns what none of some layers covers, white on black.
  async rest(names: string[]): Promise<Blob> {
    return this.#flat((p) => {
      p.globalCompositeOperation = 'destination-out'
      for (const name of names) {
        const layer = this.#layers.get(name)
        if (layer) p.drawImage(layer, 0, 0)
      }
      p.globalCompositeOperation = 'destination-over'
      p.fillStyle = '#000'
      p.fillRect(0, 0, this.width, this.height)
    }, '#fff')
  }

  // layers returns all layers, to be kept.
  layers(): Promise<[string, Blob][]> {
    return Promise.all([...this.#layers].map(async ([name, c]) => [name, await toBlob(c, 'image/png')] as [string, Blob]))
  }

  // restore takes back layers that were kept.
  async restore(layers: [string, Blob][]): Promise<void> {
    for (const [name, blob] of layers) await this.#draw(name, blob)
    this.version++
  }

  // open makes a layer of a mask, which is white where the layer is painted.
  async open(name: string, mask: Blob): Promise<void> {
    const p = await this.#draw(name, mask)
    const data = p.getImageData(0, 0, this.width, this.height)
    for (let i = 0; i < data.data.length; i += 4) {
      data.data[i + 3] = data.data[i] ?? 0
      data.data.fill(255, i, i + 3)
    }
    p.putImageData(data, 0, 0)
    this.version++
  }

  async #draw(name: string, picture: Blob): Promise<CanvasRenderingContext2D> {
    const bitmap = await createImageBitmap(picture)
    const p = pen(this.#canvas(name))
    p.drawImage(bitmap, 0, 0, this.width, this.height)
    bitmap.close()
    return p
  }

  #flat(draw: (p: CanvasRenderingContext2D) => void, ground: string): Promise<Blob> {
    const canvas = document.createElement('canvas')
    canvas.width = this.width
    canvas.height = this.height
    const p = pen(canvas)
    p.fillStyle = ground
    p.fillRect(0, 0, this.width, this.height)
    draw(p)
    return toBlob(canvas, 'image/png')
  }
}

function pen(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const p = canvas.getContext('2d', { willReadFrequently: true })
  if (!p) throw new Error('This browser cannot draw.')
  return p
}
