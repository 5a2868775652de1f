/** What is secret is in no error: neither in the message, nor in a property, nor in a cause. */
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Client, fetch, HTTP20Connection, HTTPConnection } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'

const SECRET = 'S3CR3T'
const { dial: transport } = new MemoryOrigin(() => ({ status: 204 }))

/** Whatever it fails with, all of it as text. */
async function failureOf(act: () => unknown): Promise<string> {
  const error: unknown = await new Promise((resolve) => resolve(act())).then(
    () => 'no error',
    (thrown) => thrown,
  )
  expect(error).toBeInstanceOf(Error)
  return inspect(error, { depth: 9, showHidden: true }).toUpperCase()
}

describe('a password of a URL that cannot be parsed', () => {
  const ways: [string, (url: string) => unknown][] = [
    ['fetch', (url) => fetch(url)],
    ['fetch of an object', (url) => fetch({ toString: () => url } as unknown as string)],
    ['fetch, in the referrer', (url) => fetch('https://localhost:1/', { referrer: url })],
    ['Client.request', (url) => new Client().request(url)],
    ['HTTP20Connection', (url) => new HTTP20Connection(url)],
    ['HTTPConnection', (url) => new HTTPConnection(url)],
    ['the option proxy', (url) => new Client({ proxy: url })],
  ]
  const urls = [
    `https://user:${SECRET}@loc alhost/`,
    `https://user:${SECRET}@localhost:99999/`,
    `https://${SECRET}@[::1/`,
    `https://user:x@${SECRET}@loc alhost/`,
    `https://user:${SECRET}/x@loc alhost/`,
    `user:${SECRET}@host:port`,
  ]
  test.each(ways.flatMap(([name, way]) => urls.map((url) => [name, url, way] as const)))(
    'of %s: %s',
    async (_name, url, way) => {
      expect(await failureOf(() => way(url))).not.toContain(SECRET)
    },
  )
})

describe('the value of a field', () => {
  const heads: [string, unknown][] = [
    ['with a line feed', { authorization: `Bearer\n${SECRET}` }],
    ['with a character that is no octet', { authorization: `Bearer ${SECRET}\u20ac` }],
    ['that is in its name', { [`authorization: Bearer ${SECRET}`]: 'x' }],
    ['that is in its name, behind an equals sign', { [`cookie=${SECRET}`]: 'x' }],
    [
      'that is no text',
      {
        authorization: {
          toString: () => {
            throw new Error('no')
          },
          value: SECRET,
        },
      },
    ],
    ['in a pair that is none', [[`authorization: Bearer ${SECRET}`]]],
    ['in no pairs at all', `authorization: Bearer ${SECRET}`],
  ]
  const client = new Client({ transport })
  type Headers = Record<string, string>
  const ways: [string, (headers: Headers) => unknown][] = [
    ['fetch', (headers) => client.fetch('https://a.test/', { headers })],
    ['Client.request', (headers) => client.request('https://a.test/', { headers })],
    [
      'HTTP20Connection',
      (headers) => new HTTP20Connection('https://a.test', { transport }).request('GET', '/', { headers }),
    ],
    [
      'putHeader',
      (headers) => {
        const connection = new HTTP20Connection('https://a.test', { transport })
        connection.putRequest('GET', '/')
        const pairs = typeof headers === 'string' ? [[headers, 'x']] : Object.entries(headers)
        for (const [name, value] of pairs) connection.putHeader(name!, value as string)
        connection.endHeaders()
      },
    ],
    ['trailers', (trailers) => client.request('https://a.test/', { method: 'POST', body: 'x', trailers })],
  ]
  test.each(ways.flatMap(([name, way]) => heads.map(([what, head]) => [name, what, way, head] as const)))(
    'of %s, %s',
    async (_name, _what, way, head) => {
      expect(await failureOf(() => way(head as Headers))).not.toContain(SECRET)
    },
  )
})
