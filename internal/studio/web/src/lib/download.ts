// Files of a painting: to save, to copy and to share.
import type { Job } from './api'
import * as api from './api'
import { toBlob } from './canvas'
import { mix, type Mode } from './mix'
import { fileName } from './title'

// A Format is one that the server converts a painting to.
interface Format {
  format: string
  suffix: string
  name: string
  note: string
}

const formats: Format[] = [
  { format: 'png', suffix: 'png', name: 'PNG', note: 'full quality, with its settings' },
  { format: 'jpeg', suffix: 'jpg', name: 'JPEG', note: 'small, for mail and phones' },
  { format: 'webp', suffix: 'webp', name: 'WebP', note: 'full quality, smaller' },
]

// Those of a video. The first that the server sends is the best for most people.
const videoFormats: Format[] = [
  { format: 'mp4', suffix: 'mp4', name: 'MP4', note: 'plays everywhere' },
  { format: 'webp', suffix: 'webp', name: 'Animated WebP', note: 'plays in browsers, like a GIF' },
  { format: 'avi', suffix: 'avi', name: 'AVI', note: 'Motion JPEG, for players and editors' },
  { format: 'y4m', suffix: 'y4m', name: 'YUV4MPEG2', note: 'uncompressed, for FFmpeg and editors' },
]

// downloads returns the files of a painting that the server sends. sent are the formats
// in which it sends a video.
export function downloads(j: Job, sent: string[] = []): (Format & { file: string; href: string })[] {
  const offered = j.video ? videoFormats.filter((f) => sent.includes(f.format)) : formats
  return offered.map((f) => {
    const file = fileName(j, f.suffix)
    const query = new URLSearchParams({ ...(f.format === 'png' ? {} : { format: f.format }), download: file })
    const note = f.format === 'mp4' && j.video?.sound ? `${f.note}, with the sound` : f.note
    return { ...f, note, file, href: `${j.video ? api.video(j.id) : j.result?.url}?${query}` }
  })
}

// Box is where a picture is drawn.
export interface Box {
  x: number
  y: number
  width: number
  height: number
}

// besides returns where two pictures of the same size stand in one: beside each other,
// or one above the other where they are wide. A gap of 2 % of the long side is between.
export function besides(width: number, height: number): { canvas: [number, number]; first: Box; second: Box } {
  const gap = Math.max(2, Math.round(Math.max(width, height) * 0.02))
  const first = { x: 0, y: 0, width, height }
  return width > 2 * height
    ? { canvas: [width, 2 * height + gap], first, second: { ...first, y: height + gap } }
    : { canvas: [2 * width + gap, height], first, second: { ...first, x: width + gap } }
}

async function load(url: string): Promise<HTMLImageElement> {
  const picture = new Image()
  picture.src = url
  await picture.decode()
  return picture
}

// original returns the photo of a painting.
function original(j: Job): api.Input {
  const photo = api.input(j, 'content')
  if (!photo) throw new Error('This painting has no photo.')
  return photo
}

function board(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')
  if (!context) throw new Error('The browser could not make a picture of this size.')
  return [canvas, context]
}

// beforeAndAfter returns a picture of the photo and the painting beside each other.
export async function beforeAndAfter(j: Job): Promise<Blob> {
  if (!j.result) throw new Error('There is no painting yet.')
  const [photo, painting] = await Promise.all([load(original(j).url), load(j.result.url)])
  const { canvas: [width, height], first, second } = besides(j.result.width, j.result.height)
  const [canvas, context] = board(width, height)
  context.fillStyle = '#fff'
  context.fillRect(0, 0, width, height)
  context.imageSmoothingQuality = 'high'
  context.drawImage(photo, first.x, first.y, first.width, first.height)
  context.drawImage(painting, second.x, second.y, second.width, second.height)
  return toBlob(canvas, 'image/jpeg', 0.92)
}

// mixed returns a painting mixed with its photo, at the size of the painting.
export async function mixed(j: Job, share: number, mode: Mode): Promise<Blob> {
  if (!j.result) throw new Error('There is no painting yet.')
  const [photo, painting] = await Promise.all([load(original(j).url), load(j.result.url)])
  const { width, height } = j.result
  const [canvas, context] = board(width, height)
  context.imageSmoothingQuality = 'high'
  const pixels = (picture: HTMLImageElement) => {
    context.drawImage(picture, 0, 0, width, height)
    return context.getImageData(0, 0, width, height)
  }
  const below = pixels(photo)
  context.clearRect(0, 0, width, height)
  const all = pixels(painting)
  mix(all.data, below.data, share, mode)
  context.putImageData(all, 0, 0)
  return toBlob(canvas, 'image/png')
}

// save saves a file, as a link with the attribute download does.
export function save(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000) // the browser may be asking where to
}

export const canCopy = () => typeof ClipboardItem === 'function' && 'clipboard' in navigator

// copy puts a painting on the clipboard.
export async function copy(j: Job): Promise<void> {
  const png = fetch(j.result?.url ?? '').then((answer) => answer.blob())
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })])
}

// canSend reports whether the browser passes files on to other programs, as phones do.
export function canSend(): boolean {
  return 'canShare' in navigator && navigator.canShare({ files: [new File([], 'painting.jpg', { type: 'image/jpeg' })] })
}

// send passes a painting on to another program.
export async function send(j: Job): Promise<void> {
  const answer = await fetch(`${j.result?.url}?format=jpeg`)
  if (!answer.ok) throw new Error('The painting could not be loaded.')
  const file = new File([await answer.blob()], fileName(j, 'jpg'), { type: 'image/jpeg' })
  try {
    await navigator.share({ files: [file] })
  } catch (e) {
    if (!(e instanceof DOMException && e.name === 'AbortError')) throw e // a person may change their mind
  }
}
