import { expect, test } from 'vitest'
import type { Job } from './api'
import { besides, downloads } from './download'

test('a painting has files with names that mean something', () => {
  const j = { labels: { photo: 'castle.jpg', style: 'The Starry Night' }, result: { url: '/api/v1/jobs/a/result', width: 1024, height: 683 } } as unknown as Job
  expect(downloads(j).map((d) => [d.name, d.href])).toEqual([
    ['PNG', '/api/v1/jobs/a/result?download=castle-after-the-starry-night-1024.png'],
    ['JPEG', '/api/v1/jobs/a/result?format=jpeg&download=castle-after-the-starry-night-1024.jpg'],
    ['WebP', '/api/v1/jobs/a/result?format=webp&download=castle-after-the-starry-night-1024.webp'],
  ])
})

test('photo and painting stand beside each other, and wide ones above each other', () => {
  expect(besides(100, 150)).toEqual({ canvas: [203, 150], first: { x: 0, y: 0, width: 100, height: 150 }, second: { x: 103, y: 0, width: 100, height: 150 } })
  expect(besides(500, 100)).toEqual({ canvas: [500, 210], first: { x: 0, y: 0, width: 500, height: 100 }, second: { x: 0, y: 110, width: 500, height: 100 } })
})
