// Pictures that a person brings, made ready to be shown and sent.
import * as api from './api'
import type { Source } from './api'

// Photo is a picture that a person brought, which has a blob, or one that the server
// has already, which has a source.
export interface Photo {
  name: string
  blob?: Blob
  source?: Source
  url: string
  width: number
  height: number
}

// The server takes no more pixels than this; what has more is made smaller.
let maxPixels = 24_000_000
const shrunkSide = 4096
// What has less on a side shows nothing that could be painted.
const leastSide = 32

export function limitPixels(pixels: number): void {
  maxPixels = pixels
}

export async function openPhoto(blob: Blob, name: string): Promise<Photo & { blob: Blob }> {
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(blob)
  } catch {
    throw new Error(`${name} cannot be read as a picture. Bring a JPEG, PNG, WebP or AVIF, or convert it first.`)
  }
  const { width, height } = bitmap
  if (Math.min(width, height) < leastSide) {
    bitmap.close()
    throw new Error(`${name} has ${width} × ${height} pixels, which is too small: bring one of ${leastSide} on each side at least.`)
  }
  if (width * height <= maxPixels) {
    bitmap.close()
    return { name, blob, url: URL.createObjectURL(blob), width, height }
  }
  const scale = shrunkSide / Math.max(width, height)
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  const smaller = await toBlob(canvas, 'image/jpeg', 0.95)
  return { name, blob: smaller, url: URL.createObjectURL(smaller), width: canvas.width, height: canvas.height }
}

export async function fetchPhoto(url: string, name: string): Promise<Photo> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${name} could not be loaded.`)
  return openPhoto(await answer.blob(), name)
}

// Files of the server, by the blobs that were uploaded.
let files = new WeakMap<Blob, { id: string; expires: string }>()
// A file that expires within this many milliseconds is uploaded again.
const spare = 60 * 60 * 1000

// uploaded returns where the server has a picture, and sends it there first where
// that is needed.
export async function uploaded(blob: Blob): Promise<Source> {
  let file = files.get(blob)
  if (!file || Date.parse(file.expires) < Date.now() + spare) {
    file = await api.upload(blob)
    files.set(blob, file)
  }
  return { file: file.id }
}

// forgetUploads makes the next submission upload its pictures again.
export function forgetUploads(): void {
  files = new WeakMap()
}

export function toBlob(canvas: HTMLCanvasElement, type: string, quality?: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((b) => (b ? resolve(b) : reject(new Error('The browser could not save a picture.'))), type, quality)
  })
}

// pictures returns the picture files of a drop or a paste.
export function pictures(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter((f) => f.type.startsWith('image/') && f.type !== 'image/svg+xml')
}
