import { expect, test } from 'vitest'
import { mix, type Mode } from './mix'

function mixed(painting: number[], photo: number[], share: number, mode: Mode): number[] {
  const pixels = new Uint8ClampedArray(painting)
  mix(pixels, new Uint8ClampedArray(photo), share, mode)
  return [...pixels]
}

// The luminosity of (r, g, b) is 0.3 r + 0.59 g + 0.11 b.
test.each<[string, number[], number[], number, Mode, number[]]>([
  ['nothing of the photo', [10, 20, 30, 255], [200, 100, 50, 255], 0, 'normal', [10, 20, 30, 255]],
  ['a quarter of the photo', [100, 100, 100, 255], [200, 0, 100, 255], 0.25, 'normal', [125, 75, 100, 255]],
  ['the photo alone', [100, 100, 100, 255], [200, 0, 100, 255], 1, 'normal', [200, 0, 100, 255]],
  // The photo's luminosity is 30, the painting's 100. So each channel of the photo gains 70.
  ['the photo’s colours', [100, 100, 100, 255], [100, 0, 0, 255], 1, 'colour', [170, 70, 70, 255]],
  ['half of the photo’s colours', [100, 100, 100, 255], [100, 0, 0, 255], 0.5, 'colour', [135, 85, 85, 255]],
  // The painting's luminosity is 30, the grey photo's 100.
  ['the photo’s light', [100, 0, 0, 255], [100, 100, 100, 255], 1, 'light', [170, 70, 70, 255]],
  // Red (76.5) at a luminosity of 200: (378.5, 123.5, 123.5) is too bright by 178.5
  // above 200, of which 55 fit: 200 + 55, and 200 - 76.5 * 55 / 178.5.
  ['too bright a colour', [200, 200, 200, 255], [255, 0, 0, 255], 1, 'colour', [255, 176, 176, 255]],
  // Red at a luminosity of 30: (208.5, -46.5, -46.5) is 76.5 below 30, of which 30 fit:
  // 30 - 30, and 30 + 178.5 * 30 / 76.5.
  ['too dark a colour', [30, 30, 30, 255], [255, 0, 0, 255], 1, 'colour', [100, 0, 0, 255]],
  ['two pixels', [0, 0, 0, 255, 255, 255, 255, 128], [255, 255, 255, 255, 0, 0, 0, 255], 0.2, 'normal', [51, 51, 51, 255, 204, 204, 204, 128]],
])('%s', (_, painting, photo, share, mode, want) => {
  expect(mixed(painting, photo, share, mode)).toEqual(want)
})
