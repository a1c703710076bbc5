import { Locked } from './problem'

// An Action is what a notice offers to do.
export interface Action {
  label: string
  run: () => void | Promise<void>
}

// What the page tells: what went wrong, until it is read or something else is tried, and
// what was done, for a while.
class Notices {
  text = $state('')
  action = $state.raw<Action | undefined>()
  // Whether it tells of something that went wrong.
  bad = $state(false)
  // Grows with each, so that the same words are announced again.
  said = $state(0)

  // say tells what went wrong.
  say(text: string, action?: Action): void {
    this.#show(text, action, true)
  }

  // tell tells what was done.
  tell(text: string, action?: Action): void {
    this.#show(text, action, false)
  }

  // removed tells that something was removed, and offers to bring it back.
  removed(text: string, undo: () => void | Promise<void>): void {
    this.tell(text, { label: 'Undo', run: undo })
  }

  // act does what is offered.
  async act(): Promise<void> {
    const { action } = this
    if (action) await this.attempt(action.run)
  }

  dismiss(): void {
    this.text = ''
    this.action = undefined
  }

  // attempt runs what may fail, and says so where it does.
  async attempt(run: () => void | Promise<void>): Promise<void> {
    this.dismiss()
    try {
      await run()
    } catch (e) {
      if (!(e instanceof Locked)) this.say(e instanceof Error ? e.message : String(e))
    }
  }

  #show(text: string, action: Action | undefined, bad: boolean): void {
    this.text = text
    this.action = action
    this.bad = bad
    this.said++
  }
}

export const notices = new Notices()
