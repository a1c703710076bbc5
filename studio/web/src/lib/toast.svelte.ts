import { Locked } from './problem'

// What went wrong, until it is read or something else is tried.
class Toasts {
  text = $state('')
  // Grows with each, so that the same words are announced again.
  said = $state(0)

  say(text: string): void {
    this.text = text
    this.said++
  }

  dismiss(): void {
    this.text = ''
  }

  // attempt runs what may fail, and says so where it does.
  async attempt(run: () => Promise<void>): Promise<void> {
    this.dismiss()
    try {
      await run()
    } catch (e) {
      if (!(e instanceof Locked)) this.say(e instanceof Error ? e.message : String(e))
    }
  }
}

export const toasts = new Toasts()
