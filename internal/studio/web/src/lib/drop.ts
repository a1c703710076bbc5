// Which side files that are dropped go to: the photo's or the styles'.
import type { Box } from './masks.svelte'

export type Side = 'photo' | 'style'
export type Boxes = Record<Side, Box>

// A box that is lower than this in the window is not seen.
const leastHeight = 80

// boxesOf returns the boxes that are shown while files are dragged: the parts of the
// easel and of the styles that are in the window. Where one is out of sight, an end of
// the window stands for it. Once there is a photo, columns reach to the lower end of the
// window.
export function boxesOf(easel: Box | undefined, styles: Box | undefined, width: number, height: number, hasPhoto: boolean): Boxes {
  const halves: Boxes = {
    photo: { left: 0, top: 0, right: width / 2, bottom: height },
    style: { left: width / 2, top: 0, right: width, bottom: height },
  }
  if (!easel || !styles) return halves
  const photo = clipped(easel, width, height)
  const style = clipped(styles, width, height)
  const seen = (b: Box) => b.bottom - b.top >= leastHeight
  const band = height / 4
  if (!seen(style)) {
    return { photo: { ...(seen(photo) ? photo : halves.photo), top: 0, bottom: height - band }, style: { left: 0, top: height - band, right: width, bottom: height } }
  }
  if (!seen(photo)) return { photo: { left: 0, top: 0, right: width, bottom: band }, style: { ...style, top: Math.max(style.top, band) } }
  if (hasPhoto && photo.right <= style.left) return { photo: { ...photo, bottom: height }, style: { ...style, bottom: height } }
  return { photo, style }
}

function clipped({ left, top, right, bottom }: Box, width: number, height: number): Box {
  return { left: Math.max(0, left), top: Math.max(0, top), right: Math.min(width, right), bottom: Math.min(height, bottom) }
}

// sideAt returns where something goes that is dropped at a point: to the box it is in,
// and otherwise to the photo while there is none, and then to the nearer box.
export function sideAt(x: number, y: number, boxes: Boxes, hasPhoto: boolean): Side {
  const away = ({ left, top, right, bottom }: Box) => Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom))
  const [photo, style] = [away(boxes.photo), away(boxes.style)]
  if (style === 0) return 'style'
  return photo === 0 || !hasPhoto || photo <= style ? 'photo' : 'style'
}

// firstSide returns where the first of several files goes. as is the side where they
// were dropped, or undefined for a paste. There is one photo: the other files are styles.
export function firstSide(as: Side | undefined, hasPhoto: boolean): Side {
  return as ?? (hasPhoto ? 'style' : 'photo')
}
