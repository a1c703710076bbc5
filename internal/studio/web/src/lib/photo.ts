// Pictures that a person brings, made ready to be shown.
import type { Source, Video } from './api'
import { decode, type Sent, upload } from './upload'

// Photo is a picture or a video that a person brought, which has a blob, or one that the
// server has already, which has a source.
export interface Photo {
  name: string
  blob?: Blob
  source?: Source
  sum?: string // SHA-256 of what the server has
  files?: Sent[] // that the server has of the blob, after a reload
  url: string
  width: number
  height: number
  video?: Video // whose first frame is seen at url
}

// What has less on a side shows nothing that could be painted.
const leastSide = 32

// openPhoto reads a picture. What this browser cannot read, such as HEIC in most, is
// sent to the server, which returns a thumbnail of it.
export async function openPhoto(blob: Blob, file: string): Promise<Photo & { blob: Blob }> {
  const photo = (await readHere(blob)) ?? (await readThere(blob, file))
  if (Math.min(photo.width, photo.height) < leastSide) {
    URL.revokeObjectURL(photo.url)
    throw new Error(`${shortened(file)} has ${photo.width} × ${photo.height} pixels, which is too small. Use a picture of at least ${leastSide} pixels on each side.`)
  }
  return { name: nameOf(file), blob, ...photo }
}

type Seen = Pick<Photo, 'url' | 'width' | 'height'>

async function readHere(blob: Blob): Promise<Seen | undefined> {
  const bitmap = await decode(blob)
  if (!bitmap) return undefined
  const { width, height } = bitmap
  bitmap.close()
  return { url: URL.createObjectURL(blob), width, height }
}

async function readThere(blob: Blob, file: string): Promise<Seen> {
  if (readEverywhere.includes(blob.type)) throw new Error(`${shortened(file)} is damaged: it cannot be read as a picture.`)
  try {
    const { width, height, thumbnail } = (await upload(blob, Infinity)).file
    return { url: thumbnail, width, height }
  } catch (e) {
    throw new Error(`${shortened(file)} cannot be used. ${e instanceof Error ? e.message : ''}`)
  }
}

// What every browser reads. Where one does not, the file is damaged.
const readEverywhere = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/bmp']

// accept is the attribute of that name of an <input>: the kinds of file that it offers.
export const accept = 'image/jpeg,image/png,image/webp,image/gif,image/bmp,image/avif,image/heic,image/heif,image/tiff,.heic,.heif,.avif,.tif,.tiff'

// isPicture reports whether a file may be a picture that can be painted. Many systems
// have no type for HEIC and the like.
export function isPicture({ type, name }: Pick<File, 'type' | 'name'>): boolean {
  return (type.startsWith('image/') && type !== 'image/svg+xml') || /\.(heic|heif|avif|tiff?)$/i.test(name)
}

// nameOf returns what a picture is called, from the name of its file.
export function nameOf(file: string): string {
  const name = file.replace(/\.[a-z0-9]{2,5}$/i, '').replace(/[_\s]+/g, ' ').trim()
  return name ? name.charAt(0).toUpperCase() + name.slice(1) : 'Picture'
}

const longest = 40

// shortened leaves out the middle of a long name.
export function shortened(name: string): string {
  const letters = [...name]
  const half = longest / 2 - 1
  return letters.length <= longest ? name : `${letters.slice(0, half).join('')} … ${letters.slice(-half).join('')}`
}

// files returns the files of a drop or a paste.
export function files(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])]
}
