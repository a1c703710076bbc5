// Pictures and videos that a person brings to the page: by choosing files, by dropping them, or by
// pasting.
import { isVideo, unread } from './clip'
import { draft } from './draft.svelte'
import { firstSide, type Side } from './drop'
import { jobs } from './jobs.svelte'
import { notices } from './notices.svelte'
import { files as filesOf, isPicture, shortened } from './photo'
import { type PaintingRecord, readRecord } from './record'
import { router } from './route.svelte'

// bring takes files to a side, or where they are useful. Each file that cannot be used
// is named; the others are taken.
export async function bring(files: File[], as: Side | undefined): Promise<void> {
  const [file] = files
  const record = files.length === 1 && file ? await readRecord(file) : undefined
  if (file && record) await bringRecord(file, record, as)
  else await bringPictures(files, as)
}

// bringRecord takes the settings of a painting that pastiche painted. The picture itself
// is one press away.
async function bringRecord(file: File, record: PaintingRecord, as: Side | undefined): Promise<void> {
  const before = draft.state()
  router.go({ view: 'compose' })
  await notices.attempt(async () => {
    await draft.takeRecord(record, jobs.list.map((e) => e.job))
    notices.tell(`${shortened(file.name)} says how it was painted. Its settings are chosen now.`, {
      label: 'Use the picture instead',
      run: async () => {
        draft.back(before)
        await bringPictures([file], as)
      },
    })
  })
}

async function bringPictures(files: File[], as: Side | undefined): Promise<void> {
  const usable = (f: File) => isPicture(f) || (isVideo(f) && !unread(f))
  const pictures = files.filter(usable)
  const problems = files.filter((f) => !usable(f)).map((f) => (isVideo(f) && unread(f)) || `${shortened(f.name)} is not a picture. Use JPEG, PNG, WebP, GIF, AVIF, HEIC or TIFF.`)
  const before = draft.state()
  const spare: string[] = []
  let side = firstSide(as, draft.photo !== undefined)
  if (notices.bad) notices.dismiss()
  if (pictures.length > 0) router.go({ view: 'compose' })
  // Several styles that come together are mixed, without the one that was chosen before.
  let mixing = !draft.several && pictures.length > (side === 'photo' ? 2 : 1)
  for (const f of pictures) {
    try {
      if (side === 'style') {
        if (isVideo(f)) throw new Error(`${shortened(f.name)} is a video. A style is a picture.`)
        const style = await draft.addStyle(f, f.name)
        if (mixing) draft.setSeveral(true)
        mixing = false
        if (!style.chosen) spare.push(style.title)
      } else {
        await draft.setPhoto(f, f.name)
        side = 'style'
      }
    } catch (e) {
      problems.push(e instanceof Error ? e.message : String(e))
    }
  }
  if (spare.length > 0) problems.push(`At most ${draft.maxStyles} styles can be mixed. Added, but not chosen: ${spare.map(shortened).join(', ')}.`)
  const replaced = before.photo !== undefined && draft.photo !== undefined && draft.photo.blob !== before.photo.blob
  const undo = { label: 'Undo', run: () => draft.back(before) }
  if (problems.length > 0) notices.say(problems.join(' '), replaced ? undo : undefined)
  else if (replaced) notices.removed('The photo was changed.', undo.run)
}

// paste brings pictures of the clipboard, or the picture of this server whose address
// is pasted.
export async function paste(e: ClipboardEvent): Promise<void> {
  const files = filesOf(e.clipboardData)
  if (files.length > 0) {
    e.preventDefault()
    await bring(files, undefined)
    return
  }
  const text = e.clipboardData?.getData('text/plain').trim() ?? ''
  if (!/^https?:\/\/\S+$/.test(text) || (e.target instanceof Element && e.target.matches('input, textarea'))) return
  e.preventDefault()
  await notices.attempt(() => bringFrom(new URL(text)))
}

async function bringFrom(address: URL): Promise<void> {
  if (address.origin !== location.origin) {
    throw new Error('This page loads nothing from other sites. Copy the picture itself, or save it and drop the file here.')
  }
  const answer = await fetch(address)
  const blob = await answer.blob()
  if (!answer.ok || !blob.type.startsWith('image/')) throw new Error('There is no picture at this address.')
  await bring([new File([blob], address.pathname.split('/').at(-1) ?? '', { type: blob.type })], undefined)
}
