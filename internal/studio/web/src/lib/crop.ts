// Cutting the middle out of photos that are too narrow.
import { sheet, toBlob } from './canvas'

// middle returns the part of a picture whose long side is at most ratio times its
// short side.
export function middle(width: number, height: number, ratio: number): { x: number; y: number; width: number; height: number } {
  const w = Math.min(width, Math.floor(ratio * height))
  const h = Math.min(height, Math.floor(ratio * width))
  return { x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), width: w, height: h }
}

// cropped returns the middle of a picture, whose long side is at most ratio times its
// short side.
export async function cropped(picture: Blob, ratio: number): Promise<Blob> {
  const bitmap = await createImageBitmap(picture)
  const m = middle(bitmap.width, bitmap.height, ratio)
  const { canvas, pen } = sheet(m.width, m.height)
  pen.drawImage(bitmap, m.x, m.y, m.width, m.height, 0, 0, m.width, m.height)
  bitmap.close()
  return toBlob(canvas, 'image/png')
}
