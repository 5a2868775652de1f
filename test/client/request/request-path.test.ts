/** The path of a request: a URL's, or one that is sent as it stands (RFC 9113 §8.3.1). */
import { expect, test } from 'vitest'
import { Client, type ClientRequestInit } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'

test.each<[url: string, init: ClientRequestInit, sent: string]>([
  ['https://a.test/a/../b?c', {}, '/b?c'],
  ['https://a.test/', { path: '/a/../b?c' }, '/a/../b?c'],
  ['https://a.test/', { path: '/%7Ea//./' }, '/%7Ea//./'],
  ['https://a.test/x', { path: '' }, '/'],
  ['https://a.test/x', { method: 'OPTIONS', path: '*' }, '*'],
])('%s with %j sends %s', async (url, init, sent) => {
  const origin = new MemoryOrigin(() => ({ body: '' }))
  await using client = new Client({ transport: origin.dial })
  await (await client.request(url, init)).text()
  expect(origin.requests[0]!.path).toBe(sent)
})

test.each<[path: unknown]>([['a'], ['/a b'], ['/a\r\nb: c'], [5]])('path %j is refused', async (path) => {
  const origin = new MemoryOrigin(() => ({}))
  await using client = new Client({ transport: origin.dial })
  const init = { path } as ClientRequestInit
  await expect(client.request('https://a.test/', init)).rejects.toBeInstanceOf(TypeError)
  expect(origin.requests).toHaveLength(0)
})
