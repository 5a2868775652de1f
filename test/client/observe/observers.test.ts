/**
 * What is told of a connection, in the order in which it happens: to one who
 * watches alone, and to several.
 */
import { describe, expect, it, test } from 'vitest'
import { Http1Session } from '../../../src/client/http1/http1-session.ts'
import { FrameLogs } from '../../../src/client/observe/frame-log.ts'
import { observerOf } from '../../../src/client/observe/observers.ts'
import { HeadDefaults } from '../../../src/client/request/request-head.ts'
import { type HTTP20RequestInit, planRequest } from '../../../src/client/request/request-init.ts'
import type { HttpVersion } from '../../../src/client/response/incoming.ts'
import { Exchange } from '../../../src/client/session/exchange.ts'
import { Http2Session } from '../../../src/client/session/http2-session.ts'
import { type ObservedRequest, Observer, Witness } from '../../../src/client/session/observer.ts'
import type { SessionOwner } from '../../../src/client/session/session.ts'
import { checkOptions } from '../../../src/client/settings/options.ts'
import { parseTarget } from '../../../src/client/settings/target.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import type { Dial, DialStep, Transport } from '../../../src/transport/transport.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import { concat, readFrames, type WireFrame } from '../../support/wire.ts'
import { PlainOrigin } from '../faces/plain-origin.ts'

/** Writes down all that it is told. */
class Listener extends Observer {
  readonly told: string[] = []
  readonly sent: Uint8Array[] = []
  readonly received: Uint8Array[] = []

  override connecting(now: number): Witness {
    this.told.push(`connecting at ${now}`)
    return new ListeningWitness(this)
  }
  override opened(_transport: Transport, elapsedMs: number): void {
    this.told.push(`open after ${elapsedMs}`)
  }
  override closed(): void {
    this.told.push('gone')
  }
  override failed(error: unknown): void {
    this.told.push(`failed ${(error as { code: string }).code}`)
  }
  override get hearsFailures(): boolean {
    return true
  }
  override draining(errorCode: number, debugData: string): void {
    this.told.push(`draining ${errorCode} ${debugData}`)
  }
  override notice(text: string): void {
    this.told.push(`notice ${text}`)
  }
  override requestStarted({ plan }: ObservedRequest): void {
    this.told.push(`${plan.path} started`)
  }
  override informed({ plan }: ObservedRequest, status: number): void {
    this.told.push(`${plan.path} informed ${status}`)
  }
  override responded({ plan, incoming }: ObservedRequest): void {
    this.told.push(`${plan.path} responded ${incoming.status}`)
  }
  override settled({ plan, incoming }: ObservedRequest): void {
    this.told.push(`${plan.path} ${incoming.ending === undefined ? 'done' : 'failed'}`)
  }
}

class ListeningWitness extends Witness {
  readonly #of: Listener

  constructor(of: Listener) {
    super()
    this.#of = of
  }

  override dialStep(step: DialStep, elapsedMs: number): void {
    this.#of.told.push(`step ${step} ${elapsedMs}`)
  }
  override opened(_transport: Transport, httpVersion: HttpVersion): void {
    this.#of.told.push(`stands, HTTP/${httpVersion}`)
  }
  override sent(chunk: Uint8Array): void {
    this.#of.sent.push(chunk.slice())
  }
  override received(chunk: Uint8Array): void {
    this.#of.received.push(chunk.slice())
  }
  override blocked(now: number): void {
    this.#of.told.push(`blocked at ${now}`)
  }
  override writable(now: number): void {
    this.#of.told.push(`writable at ${now}`)
  }
  override late(lagMs: number): void {
    this.#of.told.push(`late by ${lagMs}`)
  }
  override roundTrip(roundTripTime: number): void {
    this.#of.told.push(`round trip ${roundTripTime}`)
  }
  override carried({ plan }: ObservedRequest): void {
    this.#of.told.push(`${plan.path} carried`)
  }
  override streamOpened({ plan }: ObservedRequest, streamId: number): void {
    this.#of.told.push(`${plan.path} stream ${streamId}`)
  }
  override offered({ plan }: ObservedRequest, octets: number): void {
    this.#of.told.push(`${plan.path} offered ${octets}`)
  }
  override offerEnded({ plan }: ObservedRequest): void {
    this.#of.told.push(`${plan.path} offer ended`)
  }
  override read({ plan }: ObservedRequest, octets: number): void {
    this.#of.told.push(`${plan.path} read ${octets}`)
  }
  override closed(error: unknown): void {
    this.#of.told.push(`closed ${error === undefined ? 'in order' : (error as { code: string }).code}`)
  }
}

/** A session that `observer` watches, and requests on it. */
class Watched {
  readonly clock = new VirtualClock()
  readonly session: Http2Session
  readonly #settings
  readonly #defaults: HeadDefaults

  constructor(observer: Observer, dial: Dial) {
    const target = parseTarget('http://a.test', undefined)
    this.#settings = checkOptions({ transport: dial, clock: this.clock })
    this.#defaults = new HeadDefaults(target, false)
    const owner: SessionOwner = {
      target,
      settings: this.#settings,
      observer,
      tlsSessions: { session: undefined },
      isClosing: () => false,
      sessionDraining: () => {},
      sessionClosed: () => {},
      sessionTurned: () => {},
      pushed: () => undefined,
    }
    this.session = new Http2Session(owner)
  }

  carry(method: string, path: string, init?: HTTP20RequestInit): Exchange {
    const planned = planRequest(this.#defaults, this.#settings.timeouts, undefined, method, path, init)
    const exchange = new Exchange(planned.plan)
    this.session.carry(exchange, planned)
    this.session.dial(this.#settings.timeouts, undefined)
    return exchange
  }
}

const types = (chunks: readonly Uint8Array[]): number[] =>
  readFrames(concat(...chunks)).map(({ type }: WireFrame) => type)

describe('of one connection', () => {
  it('everything is told in the order in which it happens', async () => {
    const origin = new MemoryOrigin(async (request) => {
      await request.inform(103, { link: '</a>' })
      return { body: await request.text() }
    })
    const listener = new Listener()
    const watched = new Watched(listener, origin.dial)
    async function* pieces() {
      yield 'abc'
      yield 'de'
    }
    const exchange = watched.carry('POST', '/up', { body: pieces() })
    const response = await exchange.response()
    expect(await response.text()).toBe('abcde')
    await watched.session.close(0)
    expect(
      listener.told.filter((line) => !line.startsWith('round trip') && !/blocked|writable/.test(line)),
    ).toEqual([
      '/up started',
      'connecting at 1000',
      '/up carried',
      '/up offered 3',
      '/up offered 2',
      'open after 0',
      'stands, HTTP/2',
      '/up offer ended',
      '/up stream 1',
      '/up informed 103',
      '/up responded 200',
      '/up read 5',
      '/up done',
      'gone',
      'closed in order',
    ])
  })

  it('the octets are those of the wire, both ways', async () => {
    const listener = new Listener()
    const watched = new Watched(listener, new MemoryOrigin(() => ({ body: 'x' })).dial)
    await (await watched.carry('GET', '/').response()).text()
    await watched.session.close(0)
    const [preface, ...rest] = listener.sent
    expect(Buffer.from(preface!.subarray(0, 24)).toString('latin1')).toMatch(/^PRI \* HTTP\/2/)
    // SETTINGS, WINDOW_UPDATE of the connection, the acknowledgement, HEADERS, GOAWAY.
    expect(types([preface!.subarray(24), ...rest])).toEqual([4, 8, 4, 1, 7])
    expect(types(listener.received)).toEqual(expect.arrayContaining([4, 1, 0]))
  })

  it('a failed dial closes it', async () => {
    const listener = new Listener()
    const watched = new Watched(listener, () => Promise.reject(new Error('no')))
    await expect(watched.carry('GET', '/').response()).rejects.toThrow()
    expect(listener.told.slice(-3)).toEqual(['failed H2_CONNECT', 'closed H2_CONNECT', '/ failed'])
  })

  it('a transport that takes nothing blocks it, and its steps are told', async () => {
    const origin = new MemoryOrigin(() => ({}))
    let release = (): void => {}
    const slow: Dial = async (target, options, signal) => {
      options.onStep?.('dns', 3)
      options.onStep?.('tcp', 5)
      const transport = await origin.dial(target, options, signal)
      const write = transport.write.bind(transport)
      transport.write = (chunk, done) => write(chunk, () => (release = done))
      return transport
    }
    const listener = new Listener()
    const watched = new Watched(listener, slow)
    const exchange = watched.carry('GET', '/')
    exchange.response().catch(() => {})
    await settled()
    expect(listener.told).toContain('step dns 3')
    expect(listener.told).toContain('step tcp 5')
    watched.clock.spend(40)
    watched.carry('GET', '/2')
    await settled()
    expect(listener.told.filter((line) => /blocked|writable/.test(line)).at(-1)).toMatch(/^blocked at/)
    watched.clock.spend(60)
    release()
    await settled()
    expect(listener.told).toContain('writable at 1100')
    exchange.cancel()
    watched.session.destroy(undefined)
    await watched.clock.advance(1_000)
    expect(listener.told.at(-1)).toBe('closed H2_CONNECTION_CLOSED')
  })

  it('a timer that rings late is told, and a round trip once it is another', async () => {
    const listener = new Listener()
    const watched = new Watched(listener, new MemoryOrigin(() => new Promise(() => {})).dial)
    const exchange = watched.carry('GET', '/', { timeouts: { headers: 500 } })
    const failed = expect(exchange.response()).rejects.toThrow('timed out')
    await settled()
    expect(listener.told.filter((line) => line.startsWith('round trip'))).toEqual(['round trip 0'])
    watched.clock.spend(900)
    await watched.clock.advance(0)
    expect(listener.told).toContain('late by 400')
    await failed
    watched.session.destroy(undefined)
  })
})

test('over HTTP/1.1 the same is told', async () => {
  const listener = new Listener()
  const clock = new VirtualClock()
  const target = parseTarget('http://a.test', undefined)
  const settings = checkOptions({ clock })
  const owner: SessionOwner = {
    target,
    settings,
    observer: listener,
    tlsSessions: { session: undefined },
    isClosing: () => false,
    sessionDraining: () => {},
    sessionClosed: () => {},
    sessionTurned: () => {},
    pushed: () => undefined,
  }
  const transport = await new PlainOrigin().dial(target, { alpn: [], connectTimeoutMs: 0, tlsTimeoutMs: 0 })
  const session = new Http1Session(owner, transport, new ListeningWitness(listener))
  const planned = planRequest(new HeadDefaults(target, false), settings.timeouts, undefined, 'GET', '/')
  const exchange = new Exchange(planned.plan)
  session.carry(exchange, planned)
  await (await exchange.response()).text()
  await session.close()
  expect(listener.told.filter((line) => !/blocked|writable/.test(line))).toEqual([
    'stands, HTTP/1.1',
    '/ started',
    '/ carried',
    '/ stream 0',
    '/ responded 200',
    '/ read 2',
    '/ done',
    'gone',
    'closed in order',
  ])
  expect(concat(...listener.sent).length).toBeGreaterThan(20)
  expect(Buffer.from(concat(...listener.received)).toString()).toMatch(/^HTTP\/1\.1 200 OK/)
})

describe('several observers', () => {
  it('hear the same, each for itself', async () => {
    const one = new Listener()
    const other = new Listener()
    const watched = new Watched(
      observerOf('http://a.test', undefined, [one, other, new Observer()]),
      new MemoryOrigin(() => ({ body: 'x' })).dial,
    )
    await (await watched.carry('GET', '/').response()).text()
    await watched.session.close(0)
    expect(one.told).toContain('/ read 1')
    expect(other).toEqual(one)
  })

  it('of whom nobody watches a connection cost nothing there', () => {
    expect(observerOf('http://a.test', undefined).connecting(0)).toBe(undefined)
    expect(observerOf('http://a.test', undefined, [new Observer()]).connecting(0)).toBe(undefined)
  })
})

describe('the log of frames', () => {
  it('has a line for each, and none for HTTP/1.1', async () => {
    const lines: string[] = []
    const logs = new FrameLogs((line) => lines.push(line))
    const watched = new Watched(logs, new MemoryOrigin(() => ({ body: 'x' })).dial)
    await (await watched.carry('GET', '/').response()).text()
    expect(lines.filter((line) => line.startsWith('send HEADERS'))).toHaveLength(1)
    expect(lines.filter((line) => line.startsWith('recv DATA')).length).toBeGreaterThan(0)
    const witness = logs.connecting()
    witness.opened({} as Transport, '1.1', 0)
    lines.length = 0
    witness.sent(Buffer.from('GET / HTTP/1.1\r\n\r\n'), 0)
    expect(lines).toEqual([])
    await watched.session.close(0)
  })
})
