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

test('a video is offered in the formats that the server sends, the best for most people first', () => {
  const j = { id: 'a', labels: { title: 'Sea' }, result: { width: 512, height: 288 }, video: { sound: true } } as unknown as Job
  const offered = downloads(j, ['avi', 'y4m', 'webp', 'mp4', 'mkv'])
  expect(offered.map((d) => d.format)).toEqual(['mp4', 'webp', 'avi', 'y4m'])
  expect(offered[0]).toMatchObject({ href: '/api/v1/jobs/a/video?format=mp4&download=sea-512.mp4', note: 'plays everywhere, with the sound' })
  expect(downloads(j, ['avi']).map((d) => d.file)).toEqual(['sea-512.avi'])
})

test('photo and painting stand beside each other, and wide ones above each other', () => {
  expect(besides(100, 150)).toEqual({ canvas: [203, 150], first: { x: 0, y: 0, width: 100, height: 150 }, second: { x: 103, y: 0, width: 100, height: 150 } })
  expect(besides(500, 100)).toEqual({ canvas: [500, 210], first: { x: 0, y: 0, width: 500, height: 100 }, second: { x: 0, y: 110, width: 500, height: 100 } })
})
