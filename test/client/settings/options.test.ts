import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import * as entry from '../../../src/index.ts'
import { HTTP20Connection, type HTTP20ConnectionOptions, version } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { SETTINGS, WINDOW_UPDATE } from '../../support/wire.ts'
import { codeOf, Pair } from '../session/peer.ts'

type Dialled = Parameters<NonNullable<HTTP20ConnectionOptions['transport']>>

/** What a connection dials. */
async function dialled(target: string | URL, options: HTTP20ConnectionOptions = {}): Promise<Dialled> {
  const seen: Dialled[] = []
  const connection = new HTTP20Connection(target, {
    ...options,
    transport: (...args) => {
      seen.push(args)
      return Promise.reject(new Error('no'))
    },
  })
  await codeOf(connection.connect())
  return seen[0]!
}

describe('the target', () => {
  it.each<[string | URL, HTTP20ConnectionOptions, string, string, number]>([
    ['a.test', {}, 'https://a.test', 'a.test', 443],
    ['A.Test', {}, 'https://a.test', 'a.test', 443],
    ['a.test:443', {}, 'https://a.test', 'a.test', 443],
    ['a.test:8443', {}, 'https://a.test:8443', 'a.test', 8443],
    ['a.test', { secure: false }, 'http://a.test', 'a.test', 80],
    ['a.test:80', { secure: false }, 'http://a.test', 'a.test', 80],
    ['a.test:443', { secure: false }, 'http://a.test:443', 'a.test', 443],
    ['127.0.0.1:1', {}, 'https://127.0.0.1:1', '127.0.0.1', 1],
    ['[::1]:8443', {}, 'https://[::1]:8443', '::1', 8443],
    ['[::1]', {}, 'https://[::1]', '::1', 443],
    ['https://a.test', {}, 'https://a.test', 'a.test', 443],
    ['https://a.test:443/', {}, 'https://a.test', 'a.test', 443],
    ['http://a.test', {}, 'http://a.test', 'a.test', 80],
    ['http://a.test:443', { secure: false }, 'http://a.test:443', 'a.test', 443],
    [new URL('https://a.test:1'), {}, 'https://a.test:1', 'a.test', 1],
    ['bücher.test', {}, 'https://xn--bcher-kva.test', 'xn--bcher-kva.test', 443],
  ])('%s %o', async (target, options, origin, host, port) => {
    expect(new HTTP20Connection(target, options).origin).toBe(origin)
    const [where] = await dialled(target, options)
    expect(where).toMatchObject({ host, port, secure: origin.startsWith('https') })
  })

  it.each<[unknown, RegExp, HTTP20ConnectionOptions?]>([
    [undefined, /target/],
    [5, /target/],
    ['', /target/],
    ['a b', /target/],
    ['a.test:', /target/],
    ['a.test:x', /target/],
    ['::1', /target/],
    ['a.test/path', /target/],
    ['user@a.test', /target/],
    ['https://', /target/],
    ['https://user@a.test', /user/],
    ['https://a.test/path', /path/],
    ['https://a.test/?q', /query/],
    ['https://a.test/#f', /fragment/],
    ['ftp://a.test', /ftp:/],
    [new URL('wss://a.test'), /wss:/],
    ['http://a.test', /secure/, { secure: true }],
    ['https://a.test', /secure/, { secure: false }],
  ])('%s is none', (target, text, options) => {
    const act = () => new HTTP20Connection(target as string, options)
    expect(act).toThrow(TypeError)
    expect(act).toThrow(text)
  })

  it.each(['a.test:0', 'a.test:65536', 'https://a.test:65536', 'a.test:99999999999'])(
    '%s: RangeError',
    (target) => {
      expect(() => new HTTP20Connection(target)).toThrow(RangeError)
    },
  )
})

describe('options', () => {
  it.each<[object, typeof TypeError | typeof RangeError, RegExp]>([
    [{ secured: true }, TypeError, /secured is not an option.*secure.*windowManager/],
    [{ secure: 'yes' }, TypeError, /secure/],
    [{ enablePush: 1 }, TypeError, /enablePush/],
    [{ decompress: 'gzip' }, TypeError, /decompress must be a boolean or 'partial'/],
    [{ tls: 'x' }, TypeError, /tls/],
    [{ settings: 5 }, TypeError, /settings/],
    [{ settings: { initialWindowSize: -1 } }, RangeError, /settings\.initialWindowSize/],
    [{ settings: { initialWindow: 1 } }, TypeError, /settings\.initialWindow/],
    [{ limits: { maxPings: 0 } }, RangeError, /limits\.maxPings/],
    [{ limits: { max: 1 } }, TypeError, /limits\.max/],
    [{ timeouts: { connect: '5' } }, RangeError, /timeouts\.connect/],
    [{ timeouts: { connect: Number.NaN } }, RangeError, /timeouts\.connect/],
    [{ timeouts: { conect: 5 } }, TypeError, /timeouts\.conect/],
    [{ keepAlive: true }, TypeError, /keepAlive/],
    [{ keepAlive: { interval: 0 } }, RangeError, /keepAlive\.interval/],
    [{ keepAlive: { every: 1 } }, TypeError, /keepAlive\.every/],
    [{ windowManager: 5 }, TypeError, /windowManager/],
    [{ proxy: 'nowhere' }, TypeError, /proxy/],
    [{ proxy: 'ftp://a.test' }, TypeError, /proxy/],
    [{ socketPath: 5 }, TypeError, /socketPath/],
    [{ transport: {} }, TypeError, /transport/],
    [{ logger: 'console' }, TypeError, /logger/],
  ])('%o', (options, kind, text) => {
    const act = () => new HTTP20Connection('a.test', options)
    expect(act).toThrow(kind)
    expect(act).toThrow(text)
  })

  test('undefined is as if absent', () => {
    expect(() => new HTTP20Connection('a.test', { secure: undefined, keepAlive: undefined })).not.toThrow()
  })

  test('what the dial is given', async () => {
    const tls = { servername: 'b.test' }
    const [, options, signal] = await dialled('a.test', { tls, proxy: 'http://p.test:1', socketPath: '/s' })
    expect(options).toMatchObject({
      tls,
      alpn: ['h2'],
      connectTimeoutMs: 10_000,
      tlsTimeoutMs: 10_000,
      socketPath: '/s',
      proxy: 'http://p.test:1/',
      sessions: { session: undefined },
    })
    expect(signal).toBeInstanceOf(AbortSignal)
  })

  test('settings and limits are sent (RFC 9113 §6.5.2)', async () => {
    const pair = await Pair.open({
      settings: { initialWindowSize: 70_000 },
      limits: { connectionWindowSize: 100_000 },
      enablePush: false,
    })
    await settled()
    const [first] = pair.wire.of(SETTINGS)
    const entries = new Map<number, number>()
    const view = new DataView(first!.payload.buffer)
    for (let at = 0; at < first!.payload.length; at += 6)
      entries.set(view.getUint16(at), view.getUint32(at + 2))
    expect([entries.get(4), entries.get(2)]).toEqual([70_000, 0])
    expect(pair.wire.of(WINDOW_UPDATE, 0).length).toBe(1)
    expect(pair.connection.stats.recvWindow).toBe(100_000)
  })
})

describe('the entry', () => {
  test('version is the package’s', () => {
    const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
    expect(version).toBe((JSON.parse(text) as { version: string }).version)
  })

  test('exports at most 15 names', () => {
    expect(Object.keys(entry).sort()).toEqual([
      'AdaptiveWindowManager',
      'Client',
      'EagerWindowManager',
      'FixedWindowManager',
      'H2Error',
      'HTTP20Connection',
      'HTTPConnection',
      'WindowManager',
      'fetch',
      'version',
    ])
  })
})
