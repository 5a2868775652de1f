/** `expect: 100-continue` (RFC 9110 §10.1.1): content waits for the server's word, and not for long. */
import { describe, expect, it, test } from 'vitest'
import type { HTTP20RequestInit } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { DATA, headers, response, rstStream } from '../../support/wire.ts'
import { PoolPair } from '../pool/pool-peer.ts'
import { Pair } from './peer.ts'

const EXPECTING = { expect: '100-Continue' }

/** Content that arrived, as text. */
function contentOf(pair: Pair): string {
  return pair.wire
    .of(DATA)
    .map(({ payload }) => Buffer.from(payload).toString())
    .join('')
}

async function posted(body: HTTP20RequestInit['body'], fields: Record<string, string> = EXPECTING) {
  const pair = await Pair.open({ keepAlive: false })
  const stream = pair.connection.request('POST', '/', { body, headers: fields })
  stream.response.catch(() => {})
  await settled()
  return { pair, stream }
}

const BODIES: [string, () => HTTP20RequestInit['body']][] = [
  ['bytes', () => 'content'],
  ['an iterable', () => ['con', 'tent']],
  ['a stream', () => new Blob(['content']).stream()],
  ['a function', () => () => 'content'],
]

describe.each(BODIES)('content, %s,', (_kind, body) => {
  it('waits for 100', async () => {
    const { pair } = await posted(body())
    await pair.clock.advance(999)
    expect(contentOf(pair)).toBe('')
    await pair.wire.send(headers(1, [[':status', '100']]))
    for (let i = 0; i < 5; i++) await settled()
    expect(contentOf(pair)).toBe('content')
    await pair.wire.send(response(1, 200, true))
    expect(pair.wire.resets).toEqual([])
  })

  it('waits for no more than a second', async () => {
    const { pair } = await posted(body())
    await pair.clock.advance(999)
    expect(contentOf(pair)).toBe('')
    await pair.clock.advance(1)
    for (let i = 0; i < 5; i++) await settled()
    expect(contentOf(pair)).toBe('content')
  })

  it('does not wait where nobody asked for that', async () => {
    const { pair } = await posted(body(), {})
    for (let i = 0; i < 5; i++) await settled()
    expect(contentOf(pair)).toBe('content')
  })
})

test('another informational response is no word', async () => {
  const { pair } = await posted('content')
  await pair.wire.send(headers(1, [[':status', '103']]))
  expect(contentOf(pair)).toBe('')
})

test('a final response that may need the content is one', async () => {
  const { pair, stream } = await posted('content')
  await pair.wire.send(response(1, 200))
  expect((await stream.response).status).toBe(200)
  expect(contentOf(pair)).toBe('content')
})

test('a refusal that is complete spares the content, and its source is let go', async () => {
  let reason: unknown = 'not cancelled'
  const body = new ReadableStream<Uint8Array>({
    cancel: (why) => {
      reason = why
    },
  })
  const { pair, stream } = await posted(body)
  await pair.wire.send(response(1, 417, true))
  expect((await stream.response).status).toBe(417)
  await pair.clock.advance(5_000)
  expect(contentOf(pair)).toBe('')
  expect(reason).toBeUndefined()
  expect(pair.wire.resets).toEqual([[1, 0]])
})

test('a refusal that waits for the content gets it after the second', async () => {
  const { pair, stream } = await posted('content')
  await pair.wire.send(response(1, 401))
  expect((await stream.response).status).toBe(401)
  expect(contentOf(pair)).toBe('')
  await pair.clock.advance(1_000)
  expect(contentOf(pair)).toBe('content')
})

test('limits of time go on meanwhile', async () => {
  const pair = await Pair.open({ keepAlive: false, timeouts: { headers: 500 } })
  const stream = pair.connection.request('POST', '/', { body: 'content', headers: EXPECTING })
  const error = stream.response.catch((thrown: unknown) => thrown)
  await pair.clock.advance(500)
  expect(await error).toMatchObject({ code: 'H2_TIMEOUT_HEADERS' })
  expect(contentOf(pair)).toBe('')
})

test('a source that was not asked is sent again with the request', async () => {
  const pair = await PoolPair.open()
  const body = new Blob(['content']).stream()
  const answer = pair.client.request('https://a.test/', { method: 'POST', body, headers: EXPECTING })
  await settled()
  const [wire] = pair.wires
  await wire!.send(rstStream(3, 7))
  await settled()
  await wire!.send(headers(5, [[':status', '100']]))
  for (let i = 0; i < 5; i++) await settled()
  const content = wire!.of(DATA).map(({ payload }) => Buffer.from(payload).toString())
  expect(content.join('')).toBe('content')
  await wire!.send(response(5, 201, true))
  expect((await answer).status).toBe(201)
})
