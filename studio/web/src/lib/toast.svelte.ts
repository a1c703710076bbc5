// What went wrong, said once and then forgotten.
class Toasts {
  text = $state('')
  #timer = 0

  say(text: string): void {
    this.text = text
    clearTimeout(this.#timer)
    this.#timer = window.setTimeout(() => (this.text = ''), 8000)
  }

  dismiss(): void {
    this.text = ''
  }

  // attempt runs what may fail, and says so where it does.
  async attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (e) {
      this.say(e instanceof Error ? e.message : String(e))
    }
  }
}

export const toasts = new Toasts()
