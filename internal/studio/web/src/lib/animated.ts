// Pictures that move: GIF, PNG and WebP with several frames.

// PNG and WebP say at their beginning whether they move.
const most = 64 * 1024

// isAnimated reports whether a picture file has several frames.
export async function isAnimated(file: Blob): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, most).arrayBuffer())
  const at = (offset: number, text: string) => [...text].every((c, i) => head[offset + i] === c.charCodeAt(0))
  if (at(0, 'GIF8')) return framesOfGIF(new Uint8Array(await file.arrayBuffer())) > 1
  if (at(0, 'RIFF') && at(8, 'WEBPVP8X')) return ((head[20] ?? 0) & 2) !== 0
  if (!at(0, '\x89PNG')) return false
  // The chunk acTL of an animation comes before the pixels.
  const view = new DataView(head.buffer)
  for (let offset = 8; offset + 12 <= head.length && !at(offset + 4, 'IDAT'); offset += 12 + view.getUint32(offset)) {
    if (at(offset + 4, 'acTL')) return view.getUint32(offset + 8) > 1
  }
  return false
}

// framesOfGIF counts the frames of a GIF, up to two.
function framesOfGIF(data: Uint8Array): number {
  const byte = (offset: number) => data[offset] ?? 0
  // A table of colours has 3 bytes for each of its 2 to 256 colours.
  const table = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  let at = 13 + table(byte(10))
  let frames = 0
  while (at < data.length && frames < 2) {
    const kind = byte(at)
    if (kind === 0x2c) {
      frames++
      at += 10 + table(byte(at + 9)) + 1
    } else if (kind === 0x21) at += 2
    else break
    while (at < data.length && byte(at) !== 0) at += byte(at) + 1 // blocks
    at++
  }
  return frames
}
