/** Content that is given piece by piece, before there is a connection that could take it. */
import { describe, expect, it, test } from 'vitest'
import { HTTP20Connection, HTTPConnection } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'

const echo = (): MemoryOrigin => new MemoryOrigin(async (request) => ({ body: await request.text() }))

describe.each([HTTP20Connection, HTTPConnection])('%o', (Face) => {
  it('sends what it was given before it was connected, in order', async () => {
    await using connection = new Face('a.test', { transport: echo().dial })
    const stream = connection.putRequest('POST', '/')
    connection.endHeaders(undefined, false, stream)
    const sent = [
      connection.send('a', false, stream),
      connection.send('b', false, stream),
      connection.send('c', true, stream),
    ]
    expect(await (await stream.response).text()).toBe('abc')
    await Promise.all(sent)
    await expect(async () => connection.send('d', true, stream)).rejects.toThrow(
      'after the request was ended',
    )
  })
})

describe('HTTPConnection', () => {
  test('rejects with what the dial failed with', async () => {
    const connection = new HTTPConnection('a.test', { transport: () => Promise.reject(new Error('no')) })
    const stream = connection.putRequest('POST', '/')
    connection.endHeaders(undefined, false, stream)
    const sent = Promise.allSettled([connection.send('a', false, stream), connection.send('b', true, stream)])
    await expect(stream.response).rejects.toMatchObject({ code: 'H2_CONNECT' })
    for (const one of await sent) expect(one).toMatchObject({ reason: { code: 'H2_CONNECT' } })
  })
})
