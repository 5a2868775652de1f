/** `URL.canParse` of Node.js 20 says false for hosts outside ASCII once it was optimised. */
import { expect, test } from 'vitest'
import { prepare } from '../../src/adapters/undici/request-options.ts'
import { describeRequest } from '../../src/client/fetch/fetch-init.ts'

/** One text, for it is the text of a constant that the runtime misreads. */
const ADDRESS = 'https://b\u00fccher.test/'
const ROUNDS = 50_000

test('an origin of a dispatched request', () => {
  const refused = Array.from({ length: ROUNDS }, () => {
    try {
      return prepare({ origin: ADDRESS, path: '/', method: 'GET' }).origin
    } catch {
      return 'refused'
    }
  }).filter((outcome) => outcome === 'refused')
  expect(refused).toEqual([])
})

test('a referrer of fetch', () => {
  const refused = Array.from({ length: ROUNDS }, () => {
    try {
      describeRequest('https://a.test/', { referrer: ADDRESS })
      return undefined
    } catch {
      return 'refused'
    }
  }).filter((outcome) => outcome !== undefined)
  expect(refused).toEqual([])
})
