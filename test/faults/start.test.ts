/** Fault scenarios 1 to 13: how a connection begins (RFC 9113 §3). */
import { expect } from 'vitest'
import { data, goaway, headers, ping, settings, settingsAck, windowUpdate } from '../../src/testing/index.ts'
import { makeLeaf } from '../support/certificate.ts'
import { ENHANCE_YOUR_CALM, PROTOCOL_ERROR, scenario } from './scenario.ts'

const UNSENT = { scope: 'transport', processed: 'no' }

scenario(
  '#1 The server accepts TCP and never speaks: typed timeout for every waiter',
  { server: 'plain', peer: { settings: false }, client: { timeouts: { tls: 40 } } },
  async (run) => {
    const asked = [run.get(), run.get(), run.get()]
    if (run.link === 'TCP') {
      await run.peer.until(settings())
      await run.clock.advance(10_000)
    }
    const code = run.link === 'TLS' ? 'H2_TIMEOUT_TLS' : 'H2_TIMEOUT_PREFACE'
    for (const each of asked) await run.fails(each, { code })
    expect(run.peer.connections, 'no storm of retries').toHaveLength(1)
  },
)

scenario(
  '#2 ALPN chooses nothing, or refuses h2: H2_ALPN, no octet of HTTP/2 is sent',
  {
    only: 'TLS',
    cases: { none: null, 'http/1.1': 'http/1.1' },
    setup: (alpn) => ({ peer: { alpn, settings: false } }),
  },
  async (run) => {
    const asked = run.get()
    await run.fails(asked, { code: 'H2_ALPN', processed: 'no', retryable: false })
    for (const connection of run.peer.connections) expect(connection.frames).toEqual([])
  },
)

scenario(
  '#3 ALPN h2, then HTTP/1.1 400: C:PROTOCOL_ERROR that says so',
  { peer: { settings: false } },
  async (run) => {
    const asked = run.get()
    await run.peer.until(settings())
    run.peer.send('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
    await run.connectionError(PROTOCOL_ERROR)
    expect((await asked.outcome).error).toMatchObject({ message: expect.stringContaining('HTTP/1') })
  },
)

scenario(
  '#4 The server answers without SETTINGS: C:PROTOCOL_ERROR',
  { peer: { settings: false } },
  async (run) => {
    await run.opened()
    run.peer.send(headers(1).status(200).endStream())
    await run.connectionError(PROTOCOL_ERROR)
  },
)

scenario(
  '#5 Silence after the handshake: the preface deadline at 10 s, requests never sent are retryable',
  { peer: { settings: false } },
  async (run) => {
    const sent = Array.from({ length: 100 }, () => run.get())
    const unsent = run.get('/unsent')
    await run.peer.until(headers(199))
    await run.clock.advance(9_999)
    expect(unsent.settled).toBe(undefined)
    await run.clock.advance(1)
    for (const each of sent) await run.fails(each, { code: 'H2_TIMEOUT_PREFACE', processed: 'unknown' })
    await run.fails(unsent, { code: 'H2_TIMEOUT_PREFACE', processed: 'no', retryable: true })
  },
)

scenario(
  '#6 The first frame is an acknowledgement, PING, HEADERS, WINDOW_UPDATE: C:PROTOCOL_ERROR',
  {
    peer: { settings: false },
    cases: {
      acknowledgement: settingsAck(),
      PING: ping(),
      HEADERS: headers(1).status(200),
      WINDOW_UPDATE: windowUpdate(0, 1),
    },
  },
  async (run, first) => {
    await run.opened()
    run.peer.send(first)
    await run.connectionError(PROTOCOL_ERROR)
  },
)

scenario(
  '#6 The first frame is GOAWAY: its code and debug data are told',
  { peer: { settings: false } },
  async (run) => {
    const asked = await run.opened()
    run.peer.send(goaway(0, ENHANCE_YOUR_CALM, 'go away'))
    await run.fails(asked, { code: 'H2_GOAWAY', errorCode: ENHANCE_YOUR_CALM, debugData: 'go away' })
  },
)

scenario(
  '#7 The server closes at once, then accepts: the next request is served',
  { peer: { settings: false } },
  async (run) => {
    const asked = run.get('/first')
    const first = await run.peer.accept()
    first.end()
    await run.fails(asked, { scope: 'transport', code: 'H2_CONNECTION_CLOSED' })
    const again = run.get('/again')
    const second = await run.peer.accept()
    second.send(settings())
    await second.until(headers(1).get('/again'))
    second.send(headers(1).status(204).endStream())
    await run.answers(again, 204)
  },
)

scenario(
  '#8 The server preface in segments of one octet: works',
  { peer: { settings: false } },
  async (run) => {
    const asked = run.get()
    await run.peer.until(headers(1))
    for (const octet of settings({ maxConcurrentStreams: 7 }).toBytes()) {
      run.peer.send(Uint8Array.of(octet))
      await run.clock.advance(5)
    }
    run.peer.send(settingsAck(), headers(1).status(204).endStream())
    await run.answers(asked, 204)
  },
)

scenario(
  '#9 The preface and a burst of a whole window in one segment: works',
  { huge: true, peer: { settings: false } },
  async (run) => {
    const size = run.delivery === 'octets' ? 65_536 : 262_144
    const asked = run.get()
    await run.peer.until(headers(1))
    const body = Array.from({ length: size / 1024 }, () => data(1, 'x'.repeat(1024)))
    run.peer.send(settings(), settingsAck(), headers(1).status(200), ...body, data(1, '').endStream())
    const { text } = await asked.outcome
    expect(text).toHaveLength(size)
  },
)

scenario(
  '#10 Certificate expired, for another name, of an unknown issuer: TLS error, not retried, not kept',
  {
    only: 'TLS',
    cases: {
      expired: () => makeLeaf({ expired: true }),
      'wrong name': () => makeLeaf({ names: ['else.test'] }),
      'unknown issuer': () => makeLeaf(),
    },
    setup: (server) => ({ server }),
  },
  async (run) => {
    await run.fails(run.get(), { ...UNSENT, code: 'H2_TLS', retryable: false })
    await run.fails(run.get(), { ...UNSENT, code: 'H2_TLS', retryable: false })
    expect(run.peer.requests).toEqual([])
  },
)

scenario(
  '#11 A server of TLS 1.1: the handshake fails',
  { only: 'TLS', tls: { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } },
  async (run) => {
    await run.fails(run.get(), { ...UNSENT, code: 'H2_TLS', retryable: false })
  },
)

scenario(
  '#11 A server of CBC suites only: INADEQUATE_SECURITY where one is negotiated',
  {
    only: 'TLS',
    tls: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' },
    client: { tls: { ciphers: 'ECDHE-ECDSA-AES128-SHA256', maxVersion: 'TLSv1.2' } },
  },
  async (run) => {
    await run.fails(run.get(), { ...UNSENT, code: 'H2_TLS_INADEQUATE', retryable: false })
    expect(run.peer.requests).toEqual([])
  },
)

scenario(
  '#12 A name of several addresses, of which one is dead: the other is reached, by one connection',
  { host: 'localhost' },
  async (run) => {
    const asked = await run.opened()
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
    await run.usable()
  },
)

scenario('#13 100 requests to a cold origin: one dial, which all share', {}, async (run) => {
  const asked = Array.from({ length: 100 }, (_, i) => run.get(`/${i}`))
  for (const [i, each] of asked.entries()) {
    await run.peer.until(headers(2 * i + 1).get(`/${i}`))
    run.peer.send(
      headers(2 * i + 1)
        .status(204)
        .endStream(),
    )
    await run.answers(each, 204)
  }
  expect(run.tap.dials).toBe(1)
})
