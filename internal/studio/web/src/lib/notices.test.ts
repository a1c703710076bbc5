import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Notices } from './notices.svelte'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const later = () => vi.advanceTimersByTime(11_000)

test('what was done is told for a while, unless somebody is there', () => {
  const notices = new Notices()
  notices.tell('Saved.')
  notices.hold()
  later()
  expect(notices.text).toBe('Saved.')
  notices.release()
  later()
  expect(notices.text).toBe('')
})

test('what went wrong stays until something else is tried', async () => {
  const notices = new Notices()
  notices.say('No.')
  notices.release()
  later()
  expect(notices.text).toBe('No.')
  await notices.attempt(() => {})
  expect(notices.text).toBe('')
})

test('undo brings back what was removed', async () => {
  const notices = new Notices()
  const [undo, gone] = [vi.fn(), vi.fn()]
  notices.removed('Deleted.', undo, gone)
  await notices.attempt(() => {}) // something else may be done meanwhile
  await notices.act()
  later()
  expect(undo).toHaveBeenCalledOnce()
  expect(gone).not.toHaveBeenCalled()
})

test.each<[string, (n: Notices) => void]>([
  ['after a while', later],
  ['when it is closed', (n) => n.dismiss()],
  ['when something else is told', (n) => n.say('No.')],
  ['when something else is removed', (n) => n.removed('Another is deleted.', () => {})],
])('what was removed is gone %s', (_, end) => {
  const notices = new Notices()
  const gone = vi.fn()
  notices.removed('Deleted.', () => {}, gone)
  end(notices)
  expect(gone).toHaveBeenCalledOnce()
})

test('a very long name is shortened', () => {
  const notices = new Notices()
  notices.say(`${'x'.repeat(180)}.png cannot be read as a picture.`)
  expect(notices.text).toBe(`${'x'.repeat(30)} … ${'x'.repeat(11)}.png cannot be read as a picture.`)
})
