import { describe, expect, it, test } from 'vitest'
import type { HTTP20Stream } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { data, PING, ping, response, rstStream, WINDOW_UPDATE } from '../../support/wire.ts'
import { codeOf, Pair, rejection } from './peer.ts'

/** A request whose response is half there: 30,000 octets of a body that goes on. */
async function halfway(signal?: AbortSignal): Promise<{ pair: Pair; stream: HTTP20Stream }> {
  const pair = await Pair.open({ limits: { connectionWindowSize: 65_535 } })
  const stream = pair.connection.request('GET', '/', { signal })
  await settled()
  await pair.wire.send(response(1, 200), data(1, 'x'.repeat(15_000)), data(1, 'x'.repeat(15_000)))
  return { pair, stream }
}

/** Sees that one RST_STREAM was sent, that nothing is kept, and that the connection goes on. */
async function expectCancelled(pair: Pair, errorCode = 8): Promise<void> {
  await settled()
  expect(pair.wire.resets).toEqual([[1, errorCode]])
  // What is in flight is nobody's fault, and is given back.
  await pair.wire.send(data(1, 'y'.repeat(5000), true))
  await settled()
  expect(pair.wire.resets).toEqual([[1, errorCode]])
  expect(pair.connection.stats.streamsOpen).toBe(0)
  expect(pair.wire.of(WINDOW_UPDATE, 1)).toEqual([])
  const next = pair.connection.request('GET', '/next')
  await settled()
  await pair.wire.send(response(next.streamId!, 200, true))
  expect((await next.response).status).toBe(200)
  expect(pair.wire.validator.faults).toEqual([])
}

describe('giving a response up sends RST_STREAM with CANCEL once, and gives the window back', () => {
  it.each<[string, (stream: HTTP20Stream, abort: AbortController) => Promise<unknown>]>([
    ['stream.cancel()', async (stream) => stream.cancel()],
    ['response.cancel()', async (stream) => (await stream.response).cancel()],
    ['the signal', async (_, abort) => abort.abort()],
    [
      'leaving an iteration',
      async (stream) => {
        for await (const _ of await stream.response) break
      },
    ],
    [
      'leaving readChunked()',
      async (stream) => {
        for await (const _ of (await stream.response).readChunked()) break
      },
    ],
    [
      'return() before the first item',
      async (stream) => (await stream.response)[Symbol.asyncIterator]().return?.(),
    ],
    ['body.cancel()', async (stream) => (await stream.response).body.cancel()],
    [
      'reader.cancel() after a read',
      async (stream) => {
        const reader = (await stream.response).body.getReader()
        await reader.read()
        await reader.cancel()
      },
    ],
    [
      'everything at once',
      async (stream, abort) => {
        const response = await stream.response
        stream.cancel()
        abort.abort()
        response.cancel()
        await response.body.cancel()
      },
    ],
  ])('%s', async (_, act) => {
    const abort = new AbortController()
    const { pair, stream } = await halfway(abort.signal)
    await stream.response
    await act(stream, abort)
    await expectCancelled(pair)
    // Half the window and more is back.
    expect(pair.connection.stats.recvWindow).toBeGreaterThan(50_000)
  })

  test('with another code', async () => {
    const { pair, stream } = await halfway()
    stream.cancel(2)
    await expectCancelled(pair, 2)
    expect(() => stream.cancel(-1)).toThrow(RangeError)
  })

  test('reads that wait reject, and later ones too', async () => {
    const { pair, stream } = await halfway()
    const answer = await stream.response
    await answer.read(30_000)
    await answer.read(30_000)
    const waiting = codeOf(answer.read(1))
    answer.cancel()
    expect(await waiting).toBe('H2_STREAM_CANCELLED')
    expect(await codeOf(answer.read(1))).toBe('H2_STREAM_CANCELLED')
    expect(await codeOf(answer.trailers)).toBe('H2_STREAM_CANCELLED')
    expect(pair.connection.stats.streamsOpen).toBe(0)
  })

  test('the peer has the last word: nothing is sent after its reset or its end', async () => {
    const { pair, stream } = await halfway()
    await pair.wire.send(rstStream(1, 0))
    stream.cancel()
    await settled()
    expect(pair.wire.resets).toEqual([])
    const other = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(3, 200), data(3, 'abc', true))
    ;(await other.response).cancel()
    await settled()
    expect(pair.wire.resets).toEqual([])
    expect(await codeOf((await other.response).text())).toBe('H2_STREAM_CANCELLED')
  })
})

describe('an AbortSignal', () => {
  const reason = new Error('enough')

  test('rejects with its own reason, and is forgotten when the response is complete', async () => {
    const abort = new AbortController()
    let listeners = 0
    const { signal } = abort
    const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void
    const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void
    signal.addEventListener = (...args: unknown[]) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--
      remove(...args)
    }
    const pair = await Pair.open()
    const streams = ['/1', '/2', '/3'].map((path) => pair.connection.request('GET', path, { signal }))
    await settled()
    // One for all three.
    expect(listeners).toBe(1)
    await pair.wire.send(response(1, 200, true), rstStream(3, 7))
    expect(listeners).toBe(1)
    abort.abort(reason)
    expect(listeners).toBe(0)
    expect((await streams[0]!.response).status).toBe(200)
    expect(await codeOf(streams[1]!.response)).toBe('H2_STREAM_REFUSED')
    expect(await rejection(streams[2]!.response)).toBe(reason)
    await settled()
    expect(pair.wire.resets).toEqual([[5, 8]])
  })

  test('that is aborted already: nothing is sent', async () => {
    const pair = new Pair()
    const { response: answer } = pair.connection.request('GET', '/', { signal: AbortSignal.abort(reason) })
    expect(await rejection(answer)).toBe(reason)
    expect(pair.wires).toEqual([])
  })

  test('while the connection is dialled: nothing is sent', async () => {
    const abort = new AbortController()
    const pair = new Pair()
    const given = pair.connection.request('GET', '/1', { signal: abort.signal })
    const kept = pair.connection.request('GET', '/2')
    abort.abort(reason)
    expect(await rejection(given.response)).toBe(reason)
    await settled()
    expect(pair.wire.head(1)[':path']).toBe('/2')
    expect(pair.wire.resets).toEqual([])
    expect(given.streamId).toBeUndefined()
    expect(kept.streamId).toBe(1)
  })

  test('body reads reject with the reason too', async () => {
    const abort = new AbortController()
    const { stream } = await halfway(abort.signal)
    const answer = await stream.response
    abort.abort(reason)
    expect(await rejection(answer.text())).toBe(reason)
  })
})

test('promises that nobody asked for never reject unheard', async () => {
  const pair = await Pair.open()
  for (let i = 0; i < 4; i++) pair.connection.request('GET', `/${i}`)
  await settled()
  await pair.wire.send(rstStream(1, 2), response(3, 200))
  pair.connection.destroy(new Error('over'))
  await settled()
  await settled()
})

test('a stream that waits for a slot is taken back without a trace (RFC 9113 §5.1.2)', async () => {
  const pair = await Pair.open({}, { settings: { 3: 1 } })
  const first = pair.connection.request('GET', '/1')
  const second = pair.connection.request('GET', '/2')
  const third = pair.connection.request('GET', '/3')
  await settled()
  expect(pair.connection.stats).toMatchObject({ streamsOpen: 1, streamsQueued: 2 })
  second.cancel()
  expect(await rejection(second.response)).toMatchObject({ code: 'H2_STREAM_CANCELLED', processed: 'no' })
  await pair.wire.send(response(1, 200, true))
  expect((await first.response).status).toBe(200)
  expect([second.streamId, third.streamId]).toEqual([undefined, 3])
  expect(pair.wire.head(3)[':path']).toBe('/3')
  expect(pair.wire.resets).toEqual([])
})

test('a storm of cancellations leaves windows, streams and timers at their base', async () => {
  const pair = await Pair.open({ limits: { connectionWindowSize: 65_535 } })
  for (let i = 0; i < 200; i++) {
    const stream = pair.connection.request('GET', '/')
    await settled()
    const id = stream.streamId!
    await pair.wire.send(response(id, 200), data(id, 'x'.repeat(300)))
    stream.cancel()
    await settled()
    for (const one of pair.wire.of(PING).slice(answeredPings(pair)))
      await pair.wire.send(ping(one.payload, true))
  }
  expect(pair.connection.stats).toMatchObject({ streamsOpen: 0, streamsQueued: 0 })
  expect(pair.wire.validator.faults).toEqual([])
})

const answered = new WeakMap<Pair, number>()

/** How many PINGs were answered before; all are from now on. */
function answeredPings(pair: Pair): number {
  const before = answered.get(pair) ?? 0
  answered.set(pair, pair.wire.of(PING).length)
  return before
}
