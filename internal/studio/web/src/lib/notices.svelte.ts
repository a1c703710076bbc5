import { Locked } from './problem'

// An Action is what a notice offers to do.
export interface Action {
  label: string
  run: () => void | Promise<void>
}

// stays is how long a notice of what was done is shown, in milliseconds.
const stays = 10_000

// shortened leaves out the middle of words that are very long, such as names of files.
function shortened(text: string): string {
  return text.replace(/\S{49,}/g, (word) => `${word.slice(0, 30)} … ${word.slice(-15)}`)
}

// What the page tells: what went wrong, until it is read or something else is tried, and
// what was done, for a while.
export class Notices {
  text = $state('')
  action = $state.raw<Action | undefined>()
  // Whether it tells of something that went wrong.
  bad = $state(false)
  // Grows with each, so that the same words are announced again.
  said = $state(0)
  #timer: ReturnType<typeof setTimeout> | undefined
  #gone: (() => void) | undefined

  // say tells what went wrong.
  say(text: string, action?: Action): void {
    this.#show(text, action, true)
  }

  // tell tells what was done.
  tell(text: string, action?: Action): void {
    this.#show(text, action, false)
    this.release()
  }

  // removed tells that something was removed, and offers to bring it back. gone runs
  // when the notice goes away without that.
  removed(text: string, undo: () => void | Promise<void>, gone?: () => void): void {
    this.tell(text, { label: 'Undo', run: undo })
    this.#gone = gone
  }

  // hold keeps the notice while somebody points at it or has the focus there.
  hold(): void {
    clearTimeout(this.#timer)
  }

  // release lets a notice of what was done go away after a while.
  release(): void {
    this.hold()
    if (this.text && !this.bad) this.#timer = setTimeout(() => this.dismiss(), stays)
  }

  dismiss(): void {
    this.hold()
    const gone = this.#gone
    this.#gone = undefined
    this.text = ''
    this.action = undefined
    gone?.()
  }

  // act does what the notice offers.
  async act(): Promise<void> {
    const { action } = this
    this.#gone = undefined
    this.dismiss()
    if (action) await this.attempt(action.run)
  }

  // attempt runs what may fail, and says so where it does.
  async attempt(run: () => void | Promise<void>): Promise<void> {
    if (this.bad) this.dismiss()
    try {
      await run()
    } catch (e) {
      if (!(e instanceof Locked)) this.say(e instanceof Error ? e.message : String(e))
    }
  }

  #show(text: string, action: Action | undefined, bad: boolean): void {
    this.dismiss()
    this.text = shortened(text)
    this.action = action
    this.bad = bad
    this.said++
  }
}

export const notices = new Notices()
