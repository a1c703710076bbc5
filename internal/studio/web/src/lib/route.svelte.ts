// What the page shows, by the part of its address after "#": nothing while a painting
// is composed, ID of a painting, ID+ID of two side by side, all for all paintings.

export type Route = { view: 'compose' } | { view: 'painting'; id: string } | { view: 'compare'; ids: [string, string] } | { view: 'all' }

export function parse(hash: string): Route {
  const [id = '', other] = hash.replace(/^#/, '').split('+')
  if (id === '') return { view: 'compose' }
  if (id === 'all') return { view: 'all' }
  return other ? { view: 'compare', ids: [id, other] } : { view: 'painting', id }
}

// href returns the address of a route, for links.
export function href(route: Route): string {
  switch (route.view) {
    case 'compose':
      return '#'
    case 'all':
      return '#all'
    case 'painting':
      return `#${route.id}`
    case 'compare':
      return `#${route.ids.join('+')}`
  }
}

class Router {
  route = $state.raw<Route>(parse(location.hash))

  // follow keeps to the address, which links and the buttons Back and Forward change.
  follow(): void {
    const route = parse(location.hash)
    if (href(route) !== href(this.route)) this.route = route
  }

  // go shows something else. Back leads to what is shown now.
  go(route: Route): void {
    const address = href(route)
    if (address !== (location.hash || '#')) history.pushState(null, '', address === '#' ? location.pathname : address)
    if (href(route) !== href(this.route)) this.route = route
  }
}

export const router = new Router()
