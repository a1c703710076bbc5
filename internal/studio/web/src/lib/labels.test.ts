import { expect, test } from 'vitest'
import { labelOf, namesIn } from './labels'

test('labels have the characters that the server takes', () => {
  expect(labelOf(['Cypresses at a bay, in swirling oils'])).toBe('Cypresses at a bay in swirling oils')
  expect(labelOf(['Zoë’s photo (1)'])).toBe('Zoës photo 1')
})

test('several names have room in one label', () => {
  const value = labelOf(['a'.repeat(80), 'The Starry Night', 'b'.repeat(80)])
  expect(value.length).toBeLessThanOrEqual(63)
  expect(namesIn(value, 3)[1]).toBe('The Starry Night')
  expect(namesIn('Black and white', 1)).toEqual(['Black and white'])
  expect(namesIn('Black and white', 3)).toEqual([])
})
