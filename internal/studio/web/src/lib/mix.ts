// A painting mixed with its photo, pixel by pixel. The modes are those of CSS and
// canvas, by the formulas of "Compositing and Blending Level 1", so that the file that
// is saved looks like the page.

export type Mode = 'normal' | 'colour' | 'light'

export const modes: { mode: Mode; name: string; css: string }[] = [
  { mode: 'normal', name: 'Normal', css: 'normal' },
  { mode: 'colour', name: 'Photo’s colours', css: 'color' },
  { mode: 'light', name: 'Photo’s light', css: 'luminosity' },
]

type Pixels = Uint8ClampedArray

// mix changes the pixels of a painting (RGBA) to a mix with those of its photo, which
// has as many. share is how much of the photo there is, from 0 to 1.
export function mix(painting: Pixels, photo: Pixels, share: number, mode: Mode): void {
  const blended = new Float64Array(3)
  for (let i = 0; i < painting.length; i += 4) {
    blend(blended, painting, photo, i, mode)
    for (let c = 0; c < 3; c++) {
      const own = painting[i + c] ?? 0
      painting[i + c] = own + share * ((blended[c] ?? 0) - own)
    }
  }
}

// blend computes what the photo over the painting is at a pixel.
function blend(to: Float64Array, painting: Pixels, photo: Pixels, i: number, mode: Mode): void {
  const [colours, light] = mode === 'light' ? [painting, photo] : [photo, painting]
  for (let c = 0; c < 3; c++) to[c] = colours[i + c] ?? 0
  if (mode === 'normal') return
  const change = luminosity(light[i] ?? 0, light[i + 1] ?? 0, light[i + 2] ?? 0) - luminosity(to[0] ?? 0, to[1] ?? 0, to[2] ?? 0)
  for (let c = 0; c < 3; c++) to[c] = (to[c] ?? 0) + change
  clip(to)
}

const luminosity = (r: number, g: number, b: number) => 0.3 * r + 0.59 * g + 0.11 * b

// clip brings a colour back among those that can be shown, at the same luminosity.
function clip(colour: Float64Array): void {
  const [r = 0, g = 0, b = 0] = colour
  const l = luminosity(r, g, b)
  const [least, most] = [Math.min(r, g, b), Math.max(r, g, b)]
  if (least < 0) for (let c = 0; c < 3; c++) colour[c] = l + (((colour[c] ?? 0) - l) * l) / (l - least)
  if (most > 255) for (let c = 0; c < 3; c++) colour[c] = l + (((colour[c] ?? 0) - l) * (255 - l)) / (most - l)
}
