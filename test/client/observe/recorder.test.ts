/**
 * Recordings of a client: each cause alone, made by a peer under time that
 * stands still, is told right; nothing is kept that was not asked for.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Client, type ClientOptions, HTTP20Connection, HTTPConnection } from '../../../src/index.ts'
import {
  data,
  headers,
  ScriptedPeer,
  type settings,
  VirtualClock,
  windowUpdate,
} from '../../../src/testing/index.ts'
import { Recording } from '../../../src/trace/index.ts'
import type { Dial } from '../../../src/transport/transport.ts'

const ORIGIN = 'https://a.test'

/** A client that records, a peer that does as it is told, and time. */
class Stage {
  readonly clock = new VirtualClock()
  readonly peer: ScriptedPeer
  readonly client: Client

  constructor(options: ClientOptions = {}, peerSettings: Parameters<typeof settings>[0] = {}) {
    this.peer = new ScriptedPeer({ settings: peerSettings })
    const { clock, peer } = this
    this.client = new Client({ record: true, clock, transport: peer.dial, retry: false, ...options })
  }

  get(path: string): Promise<string> {
    return this.client.request(`${ORIGIN}${path}`).then((response) => response.text())
  }

  /** The stream of the request for this path. */
  async asked(path: string): Promise<number> {
    return (await this.peer.until(headers().field(':path', path))).streamId
  }

  /** A request that was answered: what follows has no dial in it. */
  async warm(): Promise<void> {
    const answer = this.get('/warm')
    this.peer.send(
      headers(await this.asked('/warm'))
        .status(204)
        .endStream(),
    )
    await answer
    await this.peer.sync()
  }

  /** Milliseconds by cause of the last request. */
  causes(): Record<string, number> {
    const { parts } = this.client.recording().stalls().at(-1)!
    return Object.fromEntries(parts.map(({ cause, ms }) => [cause, ms]))
  }
}

describe('one cause alone', () => {
  it('connecting', async () => {
    const clock = new VirtualClock()
    const peer = new ScriptedPeer()
    const transport: Dial = async (...given) => {
      await new Promise<void>((resolve) => void clock.setTimer(resolve, 120))
      return peer.dial(...given)
    }
    const stage = new Stage({ transport, clock })
    const answer = stage.client.request(`${ORIGIN}/`)
    await clock.advance(120)
    peer.send(
      headers((await peer.until(headers().get('/'))).streamId)
        .status(204)
        .endStream(),
    )
    await answer
    expect(stage.causes()).toEqual({ dial: 120 })
  })

  it("the peer's stream limit", async () => {
    const stage = new Stage({ maxConnectionsPerOrigin: 1 }, { maxConcurrentStreams: 1 })
    await stage.warm()
    const [first, second] = [stage.get('/a'), stage.get('/b')]
    const stream = await stage.asked('/a')
    await stage.clock.advance(300)
    stage.peer.send(headers(stream).status(204).endStream())
    await first
    stage.peer.send(
      headers(await stage.asked('/b'))
        .status(204)
        .endStream(),
    )
    await second
    expect(stage.causes()).toEqual({ 'stream limit': 300 })
  })

  it('our own event loop', async () => {
    const stage = new Stage()
    await stage.warm()
    const answer = stage.get('/a')
    const stream = await stage.asked('/a')
    // Nothing happens in between: the process was busy with something else.
    stage.clock.elapsed += 400
    await stage.clock.advance(0)
    stage.peer.send(headers(stream).status(204).endStream())
    await answer
    expect(stage.causes()).toEqual({ server: 25, 'event loop': 375 })
  })

  it('an application that gives no content', async () => {
    const stage = new Stage()
    await stage.warm()
    let give!: () => void
    const given = new Promise<void>((resolve) => {
      give = resolve
    })
    async function* body() {
      yield 'first'
      await given
      yield 'last'
    }
    const answer = stage.client.request(`${ORIGIN}/a`, { method: 'POST', body: body() })
    const stream = await stage.asked('/a')
    await stage.peer.until(data(stream, 'first'))
    await stage.clock.advance(250)
    give()
    await stage.peer.until(data(stream).endStream())
    stage.peer.send(headers(stream).status(204).endStream())
    await answer
    expect(stage.causes()).toEqual({ 'application not writing': 250 })
  })

  it("the peer's window", async () => {
    const stage = new Stage({}, { initialWindowSize: 10 })
    await stage.warm()
    const answer = stage.client.request(`${ORIGIN}/a`, { method: 'POST', body: 'x'.repeat(20) })
    const stream = await stage.asked('/a')
    await stage.peer.until(data(stream))
    await stage.clock.advance(400)
    stage.peer.send(windowUpdate(stream, 100))
    await stage.peer.until(data(stream).endStream())
    stage.peer.send(headers(stream).status(204).endStream())
    await answer
    expect(stage.causes()).toEqual({ 'peer window': 400 })
  })

  it('a socket that takes no more', async () => {
    const stage = new Stage()
    await stage.warm()
    stage.peer.stall()
    const answer = stage.client.request(`${ORIGIN}/a`, { method: 'POST', body: new Uint8Array(65_000) })
    await stage.clock.advance(1)
    void stage.get('/b').catch(() => undefined)
    await stage.clock.advance(150)
    stage.peer.resume()
    const stream = await stage.asked('/a')
    await stage.peer.until(data(stream).endStream())
    stage.peer.send(headers(stream).status(204).endStream())
    await answer
    const { parts } = stage.client
      .recording()
      .stalls()
      .find(({ request }) => request.url.endsWith('/a'))!
    expect(parts).toContainEqual({ cause: 'socket blocked', ms: 150 })
  })

  it('the server', async () => {
    const stage = new Stage()
    await stage.warm()
    const answer = stage.get('/a')
    const stream = await stage.asked('/a')
    await stage.clock.advance(500)
    stage.peer.send(headers(stream).status(204).endStream())
    await answer
    expect(stage.causes()).toEqual({ server: 500 })
  })

  it('an application that does not read', async () => {
    const stage = new Stage({ settings: { initialWindowSize: 1000 } })
    await stage.warm()
    const response = stage.client.request(`${ORIGIN}/a`)
    const stream = await stage.asked('/a')
    stage.peer.send(headers(stream).status(200), data(stream, 'x'.repeat(1000)))
    await stage.peer.sync()
    await stage.clock.advance(900)
    const text = (await response).text()
    await stage.peer.until(windowUpdate(stream))
    stage.peer.send(data(stream, 'y').endStream())
    await text
    expect(stage.causes()).toEqual({ 'application not reading': 900 })
  })

  it('silence', async () => {
    const stage = new Stage()
    await stage.warm()
    const text = stage.get('/a')
    const stream = await stage.asked('/a')
    stage.peer.send(headers(stream).status(200), data(stream, 'x'))
    await stage.peer.sync()
    await stage.clock.advance(1500)
    stage.peer.send(data(stream, 'y').endStream())
    await text
    expect(stage.causes()).toEqual({ silence: 1500 })
  })
})

describe('what is recorded', () => {
  it('tells of requests, connections and frames, and is a copy', async () => {
    const stage = new Stage()
    await stage.warm()
    const before = stage.client.recording()
    const answer = stage.get('/a?b')
    stage.peer.send(
      headers(await stage.asked('/a?b'))
        .status(200)
        .field('x-y', 'z'),
      data(3, 'hello').endStream(),
    )
    await answer
    const recording = stage.client.recording()
    expect(before.requests()).toHaveLength(1)
    expect(recording.requests()[1]).toMatchObject({
      method: 'GET',
      url: `${ORIGIN}/a?*`,
      stream: 3,
      status: 200,
      octetsReceived: 5,
      failure: undefined,
    })
    expect(recording.connections()).toMatchObject([{ origin: ORIGIN, info: { httpVersion: '2' } }])
    const { sendWindow, recvWindow } = stage.client.stats().origins[0]!.connections[0]!
    expect(recording.rebuild()).toMatchObject({ sendWindow, recvWindow, openStreams: 0 })
    expect(Recording.read(recording.write()).requests()).toEqual(recording.requests())
  })

  it('hides values, and shows those that were asked for', async () => {
    for (const [record, shown] of [
      [true, false],
      [{ fields: 'all' }, true],
    ] as const) {
      const stage = new Stage({ record })
      const answer = stage.client.request(`${ORIGIN}/a?key=value-of-query`, {
        headers: { 'x-key': 'value-of-field' },
      })
      stage.peer.send(
        headers(await stage.asked('/a?key=value-of-query'))
          .status(204)
          .endStream(),
      )
      await answer
      const octets = Buffer.from(stage.client.recording().write()).toString('latin1')
      for (const value of ['value-of-query', 'value-of-field']) expect(octets.includes(value)).toBe(shown)
    }
  })

  it('says why a request failed, and nothing of why the caller gave up', async () => {
    const stage = new Stage()
    const answer = stage.get('/a')
    const caller = new AbortController()
    const other = stage.client.request(`${ORIGIN}/b`, { signal: caller.signal })
    await stage.asked('/b')
    caller.abort(new Error('secret of the caller'))
    stage.peer.cut()
    await expect(answer).rejects.toThrow()
    await expect(other).rejects.toThrow()
    const failures = stage.client
      .recording()
      .requests()
      .map(({ failure }) => failure)
    expect(failures[0]).toContain('failed: ')
    expect(failures[1]).toBe('given up by the caller')
  })

  it('is there for connection objects, too', async () => {
    for (const Face of [HTTP20Connection, HTTPConnection]) {
      const peer = new ScriptedPeer()
      const conn = new Face('a.test', { record: true, transport: peer.dial, clock: new VirtualClock() })
      const answer = conn.getResponse(conn.request('GET', '/'))
      peer.send(
        headers((await peer.until(headers().get('/'))).streamId)
          .status(204)
          .endStream(),
      )
      await answer
      expect(conn.recording().requests()).toMatchObject([{ url: `${ORIGIN}/`, status: 204 }])
    }
  })

  it('tells of HTTP/1.1 without frames', async () => {
    const server = createServer((_request, response) => response.end('hello'))
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a`
    const client = new Client({ record: true })
    await (await client.request(url)).text()
    const [request] = client.recording().requests()
    expect(request).toMatchObject({ method: 'GET', url, status: 200, stream: 0 })
    expect(client.recording().toHAR().log.entries[0]).toMatchObject({ request: { httpVersion: 'HTTP/1.1' } })
    const [{ parts, total }] = client.recording().stalls() as [ReturnType<Recording['stalls']>[number]]
    expect(parts.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(total, 6)
    client.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('is nothing unless it was asked for, and refuses what it does not know', () => {
    expect(() => new Client().recording()).toThrow('nothing is recorded unless the option record is set')
    expect(() => new Client({ record: false }).recording()).toThrow(TypeError)
    expect(() => new Client({ record: { size: 1 } as never })).toThrow('record.size is not an option')
    expect(() => new Client({ record: 1 as never })).toThrow('record must be a boolean or an object')
    expect(() => new Client({ record: { maxBytes: 10 } })).toThrow(RangeError)
    expect(() => new HTTP20Connection('a.test', { record: { fields: 'most' as never } })).toThrow(TypeError)
  })

  it('leaves no timer behind', async () => {
    const stage = new Stage({ keepAlive: false, idleTimeout: 0 })
    await stage.warm()
    await stage.client.close()
    await stage.clock.advance(60)
    expect(stage.clock.pending).toBe(0)
  })
})
