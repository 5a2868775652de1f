import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { Outgoing } from '../../src/adapters/undici/tunnel.ts'
import {
  type DispatchOptions,
  HyperDispatcher,
  type HyperDispatcherOptions,
} from '../../src/adapters/undici.ts'
import {
  data,
  headers,
  rstStream,
  ScriptedPeer,
  type SettingsInput,
  settings,
  windowUpdate,
} from '../../src/testing/index.ts'
import { settled } from '../support/virtual-clock.ts'
import { type Behaviour, GENERATIONS, type Generation, Recorder } from './recorder.ts'

const ORIGIN = 'https://a.test'
const CONNECT = { origin: ORIGIN, path: 'target.test:443', method: 'CONNECT' } as const
const WEBSOCKET = { origin: ORIGIN, path: '/chat', method: 'GET', upgrade: 'websocket' } as const
/** The key of RFC 6455 §1.3, and what proves that it was read. */
const KEY = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' }
const ACCEPT = ['sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']

class Setting {
  readonly peer: ScriptedPeer
  readonly dispatcher: HyperDispatcher

  constructor(
    given: Record<string, number> = { enableConnectProtocol: 1 },
    options: HyperDispatcherOptions = {},
  ) {
    this.peer = new ScriptedPeer({ settings: given as SettingsInput })
    this.dispatcher = new HyperDispatcher({ transport: this.peer.dial, ...options })
  }

  send(options: DispatchOptions, generation: Generation = 'new', behaviour?: Behaviour): Recorder {
    const told = new Recorder(generation, behaviour)
    this.dispatcher.dispatch(options, told.handler)
    return told
  }

  /** An open tunnel. */
  async open(): Promise<Duplex> {
    const told = this.send(CONNECT)
    await this.peer.expect(headers(1))
    this.peer.send(headers(1).status(200))
    await told.over
    return told.socket!
  }
}

test('undici.upgrade, which says its protocol apart, is answered as in HTTP/1.1', async () => {
  const { peer, ...setting } = new Setting()
  const dispatcher = setting.dispatcher
  const told = new Recorder('new')
  dispatcher.dispatch({ ...WEBSOCKET, protocol: 'websocket' }, told.handler)
  await peer.expect(headers(1))
  peer.send(headers(1).status(200))
  await told.over
  expect(told.heads[0]!.status).toBe(101)
  expect(told.heads[0]!.fields).toContainEqual(['upgrade', 'websocket'])
  await dispatcher.destroy()
})

test('another protocol than WebSocket where the server has none, in undici’s words', async () => {
  const setting = new Setting({})
  const told = setting.send({ ...WEBSOCKET, upgrade: 'any' })
  expect(await told.over).toBe('error')
  expect(told.error).toMatchObject({
    code: 'UND_ERR_INVALID_ARG',
    message: 'Custom upgrade "any" not supported over HTTP/2',
  })
  await setting.dispatcher.destroy()
})

describe('CONNECT', () => {
  test('who never reads hears of the end, too', async () => {
    const setting = new Setting()
    const tunnel = await setting.open()
    const closed = once(tunnel, 'close')
    tunnel.end()
    setting.peer.send(data(1, '').endStream())
    await closed
    await setting.dispatcher.close()
  })

  test.each(GENERATIONS)(
    'opens a tunnel to the authority (RFC 9113 §8.5), %s generation',
    async (generation) => {
      const { peer, ...setting } = new Setting()
      const told = new Recorder(generation)
      setting.dispatcher.dispatch(CONNECT, told.handler)
      const frame = await peer.expect(
        headers(1).field(':method', 'CONNECT').field(':authority', 'target.test:443'),
      )
      expect(JSON.stringify(frame)).not.toMatch(/":(path|scheme|protocol)"/)
      peer.send(headers(1).status(200).field('x', 'y'))
      await told.over
      expect(told.calls).toEqual(['start', 'upgrade'])
      expect(told.heads).toEqual([{ status: 200, fields: [['x', 'y']] }])
      await setting.dispatcher.destroy()
    },
  )

  test('without an authority of its own goes to the origin’s', async () => {
    const { peer, dispatcher } = new Setting()
    dispatcher.dispatch({ ...CONNECT, path: '/' }, new Recorder('new').handler)
    await peer.expect(headers(1).field(':authority', 'a.test'))
    await dispatcher.destroy()
  })

  test('bytes go both ways, every write in order', async () => {
    const setting = new Setting()
    const socket = await setting.open()
    socket.cork()
    for (const text of ['a', 'b', 'c']) socket.write(text)
    socket.uncork()
    socket.write('d')
    await settled()
    const sent = setting.peer.connection.frames.filter(({ type }) => type === 0)
    expect(Buffer.concat(sent.map(({ payload }) => payload)).toString()).toBe('abcd')
    const heard = new Promise((resolve) => socket.once('data', resolve))
    setting.peer.send(data(1, 'answer'))
    expect(String(await heard)).toBe('answer')
    await setting.dispatcher.destroy()
  })

  test('the end of this side is END_STREAM, and the peer may go on', async () => {
    const setting = new Setting()
    const socket = await setting.open()
    socket.end('last')
    await settled()
    const sent = setting.peer.connection.frames.filter(({ type }) => type === 0)
    expect(Buffer.concat(sent.map(({ payload }) => payload)).toString()).toBe('last')
    expect(sent.map(({ flags }) => flags & 1)).toEqual([...sent.slice(1).map(() => 0), 1])
    const heard = new Promise((resolve) => socket.once('data', resolve))
    setting.peer.send(data(1, 'more'))
    expect(String(await heard)).toBe('more')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    setting.peer.send(data(1, '').endStream())
    await closed
    await settled()
    expect(setting.dispatcher.stats.open).toBe(0)
    await setting.dispatcher.close()
  })

  test('the end of the peer ends this side (RFC 9113 §8.5)', async () => {
    const setting = new Setting()
    const socket = await setting.open()
    socket.resume()
    setting.peer.send(data(1, '').endStream())
    await setting.peer.expect(data(1, '').endStream())
    await settled()
    expect(socket.destroyed).toBe(true)
    expect(setting.dispatcher.stats.open).toBe(0)
    await setting.dispatcher.close()
  })

  test('a reset ends it with an error, heard or not', async () => {
    const setting = new Setting()
    const socket = await setting.open()
    const failed = vi.fn()
    socket.on('error', failed)
    socket.resume()
    setting.peer.send(rstStream(1, 2))
    await settled()
    expect(failed).toHaveBeenCalledTimes(1)
    expect(failed.mock.calls[0]![0]).toMatchObject({ code: 'H2_STREAM_RESET' })
    expect(socket.destroyed).toBe(true)
    await setting.dispatcher.destroy()
  })

  test('destroying it resets the stream', async () => {
    const setting = new Setting()
    const socket = await setting.open()
    socket.destroy()
    await setting.peer.expect(rstStream(1, 8))
    await settled()
    expect(setting.dispatcher.stats.open).toBe(0)
    await setting.dispatcher.close()
  })

  test('a slow reader holds the peer back, a shut window the writer', async () => {
    const setting = new Setting({ enableConnectProtocol: 1, initialWindowSize: 10 })
    const socket = await setting.open()
    const written = vi.fn()
    for (let i = 0; i < 40; i++) socket.write(Buffer.alloc(16_384, i), written)
    await settled()
    expect(written.mock.calls.length).toBeLessThan(20)
    setting.peer.send(windowUpdate(0, 1_000_000), windowUpdate(1, 1_000_000))
    await settled()
    const sent = setting.peer.connection.frames.filter(({ type }) => type === 0)
    const octets = Buffer.concat(sent.map(({ payload }) => payload))
    expect(octets.length).toBe(40 * 16_384)
    expect(octets.every((octet, i) => octet === Math.floor(i / 16_384))).toBe(true)
    expect(written).toHaveBeenCalledTimes(40)
    for (let i = 0; i < 4; i++) setting.peer.send(data(1, new Uint8Array(16_000)))
    await settled()
    expect(socket.readableLength).toBeLessThanOrEqual(2 * 65_536)
    await setting.dispatcher.destroy()
  })

  test('a piece that was written before anyone asked is given before its writer goes on', async () => {
    const outgoing = new Outgoing()
    const order: string[] = []
    outgoing.write(Buffer.from('a'), () => {
      order.push('a taken')
      outgoing.write(Buffer.from('b'), () => order.push('b taken'))
    })
    for (let i = 0; i < 2; i++) order.push(String((await outgoing.next()).value))
    outgoing.end()
    expect((await outgoing.next()).done).toBe(true)
    expect(order).toEqual(['a', 'a taken', 'b', 'b taken'])
  })

  test('dispatcher.destroy ends an open tunnel', async () => {
    const setting = new Setting()
    const socket = await setting.open()
    socket.resume()
    await setting.dispatcher.destroy()
    await settled()
    expect(socket.destroyed).toBe(true)
  })

  test('a handler that aborts, refuses or throws leaves no stream and no error without a listener', async () => {
    const { peer, ...setting } = new Setting()
    const behaviours: Behaviour[] = [
      { onUpgrade: () => false },
      {
        onUpgrade: () => {
          throw new Error('thrown')
        },
      },
    ]
    for (const [index, behaviour] of behaviours.entries()) {
      const told = new Recorder('new', behaviour)
      setting.dispatcher.dispatch(CONNECT, told.handler)
      const id = 1 + 2 * index
      await peer.expect(headers(id))
      peer.send(headers(id).status(200))
      expect(await told.over).toBe('error')
      await peer.expect(rstStream(id, 8))
      expect(told.socket!.destroyed).toBe(true)
    }
    await settled()
    expect(setting.dispatcher.stats.open).toBe(0)
    await setting.dispatcher.close()
  })
})

describe('WebSockets over HTTP/2', () => {
  /** How each handler has to be answered. */
  const bothMethods = (handler: object): object => Object.assign(handler, { onRequestUpgrade() {} })
  test.each<[string, Generation, Partial<DispatchOptions>, (handler: object) => object, number, boolean]>([
    ['of undici 8: 200', 'new', {}, (handler) => handler, 200, true],
    ['of undici 7’s fetch: 200', 'legacy', {}, bothMethods, 200, true],
    ['of undici 6: 101', 'legacy', {}, (handler) => handler, 101, false],
    ['of who asks for HTTP/1.1: 101', 'new', { allowH2: false }, (handler) => handler, 101, false],
    ['of undici.upgrade: 101', 'new', { upgrade: 'Websocket' }, (handler) => handler, 101, false],
  ])('%s', async (_, generation, options, change, status, ofHttp2) => {
    const { peer, dispatcher } = new Setting()
    const told = new Recorder(generation)
    dispatcher.dispatch(
      { ...WEBSOCKET, headers: KEY, ...options },
      change(told.handler) as typeof told.handler,
    )
    await peer.expect(
      headers(1)
        .field(':method', 'CONNECT')
        .field(':protocol', 'websocket')
        .field(':scheme', 'https')
        .field(':path', '/chat'),
    )
    peer.send(headers(1).status(200).field('x', 'y'))
    await told.over
    expect(told.calls).toEqual(['start', 'upgrade'])
    const { fields } = told.heads[0]!
    expect(told.heads[0]!.status).toBe(status)
    expect(fields).toContainEqual(['x', 'y'])
    expect(fields).toContainEqual(ACCEPT)
    expect(fields.some(([name]) => name === 'upgrade')).toBe(!ofHttp2)
    expect((told.socket as Duplex & { session: unknown }).session !== undefined).toBe(ofHttp2)
    await dispatcher.destroy()
  })

  test('the proof of a server that gives one is left as it is', async () => {
    const setting = new Setting()
    const told = setting.send({ ...WEBSOCKET, headers: KEY })
    await setting.peer.expect(headers(1))
    setting.peer.send(headers(1).status(200).field('sec-websocket-accept', 'its own'))
    await told.over
    expect(told.heads[0]!.fields).toEqual([['sec-websocket-accept', 'its own']])
    await setting.dispatcher.destroy()
  })

  test('a status that is none of success: the new are told of it, the old get an error', async () => {
    const setting = new Setting()
    const fresh = setting.send(WEBSOCKET, 'new')
    await setting.peer.expect(headers(1))
    setting.peer.send(headers(1).status(403).endStream())
    await fresh.over
    expect(fresh.heads[0]!.status).toBe(403)
    await setting.peer.expect(rstStream(1, 0))
    const old = setting.send(WEBSOCKET, 'legacy')
    await setting.peer.expect(headers(3))
    setting.peer.send(headers(3).status(403).endStream())
    await old.over
    expect(old.error).toMatchObject({ code: 'UND_ERR_SOCKET', message: 'bad upgrade' })
    await setting.dispatcher.destroy()
  })

  test('a server without RFC 8441: the error that undici tries again upon', async () => {
    const setting = new Setting({})
    const told = setting.send(WEBSOCKET)
    await told.over
    expect(told.error).toMatchObject({
      code: 'UND_ERR_INFO',
      message: 'HTTP/2: Extended CONNECT protocol not supported by server',
    })
    await setting.dispatcher.destroy()
  })

  test.each<[string, Partial<DispatchOptions>, string[]]>([
    ['after HTTP/2 was tried', {}, ['start']],
    ['at once in plain text', { origin: 'http://a.test' }, []],
    ['at once for who asks for HTTP/1.1', { allowH2: false }, []],
  ])('a fallback takes them %s, handler and all', async (_, options, calls) => {
    const dispatch = vi.fn(() => true)
    const { dispatcher } = new Setting({}, { fallback: { dispatch } })
    const told = new Recorder('new')
    const given = { ...WEBSOCKET, ...options }
    dispatcher.dispatch(given, told.handler)
    await settled()
    expect(dispatch.mock.calls).toEqual([[given, told.handler]])
    expect(told.calls).toEqual(calls)
    await dispatcher.close()
  })

  test('wait for SETTINGS that allow them (RFC 8441 §3)', async () => {
    const peer = new ScriptedPeer({ settings: false })
    const dispatcher = new HyperDispatcher({ transport: peer.dial })
    const told = new Recorder('new')
    dispatcher.dispatch(WEBSOCKET, told.handler)
    await settled()
    expect(peer.connection.requests).toEqual([])
    peer.send(settings({ enableConnectProtocol: 1 } as SettingsInput))
    await peer.expect(headers(1).field(':protocol', 'websocket'))
    await dispatcher.destroy()
  })
})
