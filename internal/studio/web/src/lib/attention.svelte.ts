// Calling somebody back who looks at something else: by the title and the icon of the
// tab, and by a notification where they asked for that.
import type { Job } from './api'
import { href } from './route.svelte'
import { recall, remember } from './stored'
import { titleOf } from './title'
import { visible } from './visible.svelte'

const wish = 'notify'

class Attention {
  // What was finished while the page was out of view.
  finished = $state.raw<Job[]>([])
  // Whether notifications are possible, and whether they are wanted.
  possible = typeof Notification !== 'undefined' && isSecureContext
  wanted = $state(recall(wish) === 'yes' && this.possible && Notification.permission === 'granted')
  // Whether the browser was told to refuse them.
  refused = $state(this.possible && Notification.permission === 'denied')

  // call tells that a painting is finished, where nobody looks.
  call(j: Job): void {
    if (!visible.hidden) return
    this.finished = [...this.finished, j]
    if (!this.wanted) return
    // Of several tabs that tell of the same painting, one notification remains.
    const n = new Notification('Finished', { body: titleOf(j), tag: j.id, icon: j.result?.thumbnail ?? '/icon.svg' })
    n.onclick = () => {
      n.close()
      focus()
      location.hash = href({ view: 'painting', id: j.id })
    }
  }

  // seen takes note that somebody looks at the page.
  seen(): void {
    this.finished = []
  }

  // want sets whether to notify. Browsers ask for leave.
  async want(wanted: boolean): Promise<void> {
    if (wanted && Notification.permission === 'default') await Notification.requestPermission()
    this.refused = Notification.permission === 'denied'
    this.wanted = wanted && Notification.permission === 'granted'
    remember(wish, this.wanted ? 'yes' : 'no')
  }
}

export const attention = new Attention()
