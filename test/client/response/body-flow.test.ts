import { gzipSync } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { type BodyReceiver, Client } from '../../../src/index.ts'
import { data, headers, MemoryOrigin, rstStream, ScriptedPeer } from '../../../src/testing/index.ts'
import { settled } from '../../support/virtual-clock.ts'

class Receiver implements BodyReceiver {
  text = ''
  trailers: [string, string][] | undefined
  readonly errors: unknown[] = []
  wants = true

  onData(piece: Uint8Array): boolean {
    this.text += Buffer.from(piece).toString('latin1')
    return this.wants
  }

  onEnd(trailers: [string, string][]): void {
    this.trailers = trailers
  }

  onError(error: unknown): void {
    this.errors.push(error)
  }
}

/** A response whose peer says what the test tells it to. */
async function responded(...fields: [string, string][]) {
  const peer = new ScriptedPeer()
  const client = new Client({ transport: peer.dial })
  const answer = client.request('https://a.test/')
  await peer.expect(headers(1))
  let head = headers(1).status(200)
  for (const [name, value] of fields) head = head.field(name, value)
  peer.send(head)
  return { peer, client, response: await answer }
}

describe('a body that is pushed', () => {
  test('arrives piece by piece, then its end with the trailers as they came', async () => {
    const { peer, client, response } = await responded()
    const receiver = new Receiver()
    response.pushTo(receiver)
    for (const text of ['a', 'b']) {
      peer.send(data(1, text))
      await settled()
      expect(receiver.text.endsWith(text)).toBe(true)
    }
    expect(receiver.trailers).toBe(undefined)
    peer.send(headers(1).field('t', '1').field('t', '2').endStream())
    await settled()
    expect(receiver.trailers).toEqual([
      ['t', '1'],
      ['t', '2'],
    ])
    await client.close()
  })

  test('frames that one chunk of the transport brought are one piece', async () => {
    const { peer, client, response } = await responded()
    const pieces: number[] = []
    response.pushTo({
      onData: (piece) => pieces.push(piece.length) > 0,
      onEnd() {},
      onError() {},
    })
    peer.send(data(1, new Uint8Array(16_384)))
    await settled()
    pieces.length = 0
    for (let i = 0; i < 3; i++) {
      peer.send(data(1, new Uint8Array(20)), data(1, new Uint8Array(300)))
      await settled()
    }
    expect(pieces).toEqual([320, 320, 320])
    peer.send(data(1, '').endStream())
    await client.close()
  })

  test('waits for resume after onData returned false, and gives no credit (RFC 9113 §5.2.2)', async () => {
    const { peer, client, response } = await responded()
    const receiver = new Receiver()
    receiver.wants = false
    const flow = response.pushTo(receiver)
    peer.send(data(1, 'a'))
    await settled()
    const credits = (): number =>
      peer.connection.frames.filter((frame) => frame.type === 8 && frame.streamId === 1).length
    const before = credits()
    for (let i = 0; i < 3; i++) peer.send(data(1, new Uint8Array(16_000).fill(98)))
    await settled()
    expect(receiver.text).toBe('a')
    expect(credits()).toBe(before)
    receiver.wants = true
    flow.resume()
    expect(receiver.text.length).toBe(48_001)
    peer.send(data(1, '').endStream())
    await settled()
    expect(receiver.trailers).toEqual([])
    await client.close()
  })

  test('that breaks off gives what arrived, then the error; a receiver that waits is told at once', async () => {
    const { peer, client, response } = await responded()
    const receiver = new Receiver()
    receiver.wants = false
    response.pushTo(receiver)
    peer.send(data(1, 'a'))
    await settled()
    peer.send(rstStream(1, 2))
    await settled()
    expect(receiver.text).toBe('a')
    expect(receiver.errors).toMatchObject([{ code: 'H2_STREAM_RESET' }])
    expect(receiver.trailers).toBe(undefined)
    await client.close()
  })

  test('of a content coding is decoded, and can be held back too', async () => {
    const origin = new MemoryOrigin(() => ({
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync('unpacked'),
      trailers: { t: '1' },
    }))
    const client = new Client({ transport: origin.dial })
    const receiver = new Receiver()
    receiver.wants = false
    const flow = (await client.request('https://a.test/')).pushTo(receiver)
    await vi.waitFor(() => expect(receiver.text).toBe('unpacked'))
    expect(receiver.trailers).toBe(undefined)
    flow.resume()
    await vi.waitFor(() => expect(receiver.trailers).toEqual([['t', '1']]))
    await client.close()
  })

  test('that is no such coding is an error', async () => {
    const origin = new MemoryOrigin(() => ({ headers: { 'content-encoding': 'gzip' }, body: 'plain' }))
    const client = new Client({ transport: origin.dial })
    const receiver = new Receiver()
    ;(await client.request('https://a.test/')).pushTo(receiver)
    await vi.waitFor(() => expect(receiver.errors).toMatchObject([{ code: 'H2_DECODE' }]))
    await client.close()
  })

  test('behind what was read before', async () => {
    const { peer, client, response } = await responded()
    peer.send(data(1, 'abc').endStream())
    expect(await response.read(1)).toEqual(Uint8Array.of(97))
    const receiver = new Receiver()
    response.pushTo(receiver)
    await settled()
    expect(receiver.text).toBe('bc')
    expect(receiver.trailers).toEqual([])
    expect(() => response.pushTo(receiver)).toThrow(TypeError)
    await expect(response.text()).rejects.toThrow(TypeError)
    await client.close()
  })

  test('to a receiver that throws is cancelled, the connection goes on, and the error is uncaught', async () => {
    const { peer, client, response } = await responded()
    const uncaught = vi.fn()
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', uncaught)
    const receiver = new Receiver()
    receiver.onData = () => {
      throw new Error('mine')
    }
    response.pushTo(receiver)
    peer.send(data(1, 'a'))
    await peer.expect(rstStream(1, 8))
    await settled()
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(uncaught.mock.calls[0]![0]).toMatchObject({ message: 'mine' })
    expect(receiver.errors).toEqual([])
    const again = client.request('https://a.test/again')
    await peer.expect(headers(3))
    peer.send(headers(3).status(204).endStream())
    expect((await again).status).toBe(204)
    await client.close()
  })
})

describe('CONNECT by a client', () => {
  test('goes to the authority in the path (RFC 9113 §8.5), and ends when the peer ends it', async () => {
    const peer = new ScriptedPeer()
    const client = new Client({ transport: peer.dial })
    const waiting = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
    const answer = client.request('https://proxy.test/target.test:443', { method: 'CONNECT', body: waiting })
    await peer.expect(headers(1).field(':method', 'CONNECT').field(':authority', 'target.test:443'))
    peer.send(headers(1).status(200), data(1, 'hello').endStream())
    expect(await (await answer).text()).toBe('hello')
    await peer.expect(data(1, '').endStream())
    await client.close()
  })
})
