import { expect, test, vi } from 'vitest'

vi.stubGlobal('location', { hash: '#all', pathname: '/' })
const pushed: string[] = []
vi.stubGlobal('history', { pushState: (_: unknown, __: string, address: string) => void pushed.push(address) })
const { href, parse, router } = await import('./route.svelte')

test.each([
  ['', '#', { view: 'compose' }],
  ['#', '#', { view: 'compose' }],
  ['#all', '#all', { view: 'all' }],
  ['#a1', '#a1', { view: 'painting', id: 'a1' }],
  ['#a1+b2', '#a1+b2', { view: 'compare', ids: ['a1', 'b2'] }],
  ['#a1+', '#a1', { view: 'painting', id: 'a1' }],
] as const)('%s', (hash, address, route) => {
  expect(parse(hash)).toEqual(route)
  expect(href(parse(hash))).toBe(address)
})

test('going somewhere leaves a way back, and going nowhere does not', () => {
  const before = router.route
  expect(before).toEqual({ view: 'all' })
  router.go({ view: 'all' })
  router.follow() // the address is the same
  expect(router.route).toBe(before)
  expect(pushed).toEqual([])
  router.go({ view: 'painting', id: 'a1' })
  router.go({ view: 'compose' })
  expect(pushed).toEqual(['#a1', '/'])
  expect(router.route).toEqual({ view: 'compose' })
})
