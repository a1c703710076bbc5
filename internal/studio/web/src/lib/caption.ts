// What the tab of the browser is called.
import type { Job, Progress } from './api'
import type { Route } from './route.svelte'
import { titleOf } from './title'

const site = 'pastiche'

// Known is what is known of a painting.
export interface Known {
  job: Job
  progress: Progress | undefined
}

// caption names what is shown. What was finished while nobody looked comes first, then
// how far a painting is: the one that is shown, or any while one is composed.
export function caption(route: Route, find: (id: string) => Known | undefined, running: Known | undefined, finished: Job[]): string {
  const [first] = finished
  if (first) return finished.length === 1 ? `Finished: ${titleOf(first)}` : `${finished.length} paintings are finished`
  const shown = route.view === 'painting' ? find(route.id) : route.view === 'compose' ? running : undefined
  return [percent(shown), name(route, find), site].filter(Boolean).join(' · ')
}

function percent(e: Known | undefined): string {
  return e?.progress ? `${Math.floor((100 * e.progress.step) / e.progress.steps)} %` : ''
}

function name(route: Route, find: (id: string) => Known | undefined): string {
  const title = (id: string) => {
    const e = find(id)
    return e ? titleOf(e.job) : ''
  }
  switch (route.view) {
    case 'painting':
      return title(route.id)
    case 'compare':
      return route.ids.map(title).filter(Boolean).join(' and ')
    case 'all':
      return 'Your paintings'
    case 'compose':
      return ''
  }
}
