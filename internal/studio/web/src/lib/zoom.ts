// Magnifying the photo under the brush.

// A View is how many times the photo is magnified, and how far it is moved, in pixels of
// the window.
export interface View {
  scale: number
  x: number
  y: number
}

export const fitted: View = { scale: 1, x: 0, y: 0 }
export const mostZoom = 8

// within keeps the photo over all of its frame.
export function within({ scale, x, y }: View, width: number, height: number): View {
  const bound = (at: number, length: number) => Math.min(0, Math.max(length * (1 - scale), at)) + 0
  return { scale, x: bound(x, width), y: bound(y, height) }
}

// zoomed magnifies around a point of the frame, which stays where it is.
export function zoomed(v: View, factor: number, at: [number, number], width: number, height: number): View {
  const scale = Math.min(mostZoom, Math.max(1, v.scale * factor))
  const grown = scale / v.scale
  return within({ scale, x: at[0] - (at[0] - v.x) * grown, y: at[1] - (at[1] - v.y) * grown }, width, height)
}

// moved moves the photo in its frame.
export function moved(v: View, dx: number, dy: number, width: number, height: number): View {
  return within({ ...v, x: v.x + dx, y: v.y + dy }, width, height)
}
