import diagnosticsChannel from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from 'vitest'
import { settled } from '../../support/virtual-clock.ts'
import { data, goaway, headers, response, rstStream } from '../../support/wire.ts'
import { PoolPair } from '../pool/pool-peer.ts'
import { codeOf, Pair } from '../session/peer.ts'

const NAMES = ['start', 'open', 'draining', 'close', 'error']
  .map((name) => `connection:${name}`)
  .concat(
    ['queued', 'start', 'informational', 'response', 'retry', 'end', 'error'].map(
      (name) => `request:${name}`,
    ),
  )
const unsubscribe: (() => void)[] = []

afterEach(() => {
  for (const one of unsubscribe.splice(0)) one()
})

/** Every message of every channel. */
function recorded(): [string, Record<string, unknown>][] {
  const messages: [string, Record<string, unknown>][] = []
  for (const name of NAMES) {
    const listener = (message: unknown) => messages.push([name, message as Record<string, unknown>])
    diagnosticsChannel.subscribe(`hyper:${name}`, listener)
    unsubscribe.push(() => diagnosticsChannel.unsubscribe(`hyper:${name}`, listener))
  }
  return messages
}

const SECRETS = {
  authorization: 'Bearer s3cret',
  cookie: 'id=s3cret',
  'proxy-authorization': 'Basic s3cret',
}

describe('what is told of connections and requests', () => {
  test('diagnostics channels', async () => {
    const messages = recorded()
    const pair = await Pair.open()
    const stream = pair.connection.request('GET', '/path', { headers: SECRETS })
    await settled()
    await pair.clock.advance(5)
    await pair.wire.send(response(1, 200), data(1, 'x', true))
    await stream.response
    const failed = pair.connection.request('GET', '/bad')
    await settled()
    await pair.wire.send(rstStream(3, 2))
    await codeOf(failed.response)
    await pair.connection.close()
    const origin = 'https://a.test'
    const request = { origin, method: 'GET', path: '/path' }
    expect(messages).toMatchObject([
      ['connection:start', { origin }],
      ['connection:open', { origin, alpn: 'h2', elapsedMs: 0 }],
      ['request:start', request],
      ['request:response', { ...request, streamId: 1, status: 200, elapsedMs: 5 }],
      ['request:end', { ...request, streamId: 1, status: 200 }],
      ['request:start', { path: '/bad' }],
      ['request:error', { path: '/bad', streamId: 3, error: { code: 'H2_STREAM_RESET' } }],
      ['connection:close', { origin }],
    ])
    expect(JSON.stringify(messages)).not.toContain('s3cret')
  })

  test('the phases of a request of a pool: queued, sent, told something, sent again, answered', async () => {
    const messages = recorded()
    const pair = new PoolPair()
    const answer = pair.client.request('https://a.test/x', { method: 'POST', body: 'x' })
    for (let i = 0; i < 4; i++) await settled()
    await pair.wires[0]!.send(goaway(0, 0, 'later'))
    for (let i = 0; i < 4; i++) await settled()
    await pair.clock.advance(7)
    await pair.wires[1]!.send(headers(1, [[':status', '103']]), response(1, 204, true))
    expect((await answer).status).toBe(204)
    const origin = 'https://a.test'
    const { id } = messages.find(([name]) => name === 'request:queued')![1]
    const request = { id, origin, method: 'POST', path: '/x' }
    expect(messages.filter(([name]) => name !== 'connection:close')).toMatchObject([
      ['request:queued', { ...request, streamId: undefined }],
      ['connection:start', { origin }],
      ['connection:open', { origin, alpn: 'h2' }],
      ['request:start', { ...request, queuedMs: 0 }],
      ['connection:draining', { origin, errorCode: 0, debugData: 'later' }],
      [
        'request:retry',
        { ...request, attempt: 1, delayMs: 0, error: { code: 'H2_GOAWAY', processed: 'no' } },
      ],
      ['request:queued', request],
      ['connection:start', { origin }],
      ['connection:open', { origin, alpn: 'h2' }],
      ['request:start', request],
      ['request:informational', { ...request, status: 103, elapsedMs: 7 }],
      ['request:response', { ...request, status: 204, elapsedMs: 7 }],
      ['request:end', { ...request, status: 204 }],
    ])
  })

  test('a connection that fails', async () => {
    const messages = recorded()
    const { connection } = new Pair({ transport: () => Promise.reject(new Error('no')) })
    await codeOf(connection.connect())
    expect(messages).toMatchObject([
      ['connection:start', {}],
      ['connection:error', { error: { code: 'H2_CONNECT' } }],
    ])
  })

  test('a logger takes lines, none with a field value', async () => {
    const lines: string[] = []
    const log = (level: string) => (line: string) => lines.push(`${level} ${line}`)
    const pair = await Pair.open({ logger: { debug: log('debug'), info: log('info'), warn: log('warn') } })
    const stream = pair.connection.request('GET', '/path', { headers: SECRETS })
    await settled()
    await pair.wire.send(response(1, 200), data(1, 'x', true), goaway(1, 0, 'bye'), data(0, ''))
    await stream.response
    await settled()
    expect(
      lines.some((line) => /^debug GET https:\/\/a\.test\/path \(stream 1\) answered 200 after/.test(line)),
    ).toBe(true)
    expect(lines).toContain('info https://a.test connecting')
    expect(lines.some((line) => line.includes('GOAWAY') && line.includes('bye'))).toBe(true)
    expect(lines.join('\n')).not.toContain('s3cret')
  })

  test.each([{}, { debug: () => {} }, { info: () => {} }, { warn: () => {} }])(
    'a logger of parts: %o',
    async (logger) => {
      const pair = await Pair.open({ logger })
      const stream = pair.connection.request('GET', '/')
      await settled()
      await pair.wire.send(data(0, 'x'))
      expect(await codeOf(stream.response)).toBe('H2_CONNECTION_ERROR')
    },
  )
})
