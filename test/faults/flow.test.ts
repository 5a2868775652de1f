/** Fault scenarios 96 to 107: flow control (RFC 9113 §5.2, §6.9). */
import { expect } from 'vitest'
import { WindowManager } from '../../src/protocol/index.ts'
import { data, goaway, headers, rstStream, type ScriptedPeer, windowUpdate } from '../../src/testing/index.ts'
import { Patient } from './run.ts'
import { CANCEL, FLOW_CONTROL_ERROR, PROTOCOL_ERROR, scenario } from './scenario.ts'

const DATA = 0
const HEADERS = 1

function uploaded(peer: ScriptedPeer, streamId: number): number {
  const frames = peer.connection.frames.filter((each) => each.type === DATA && each.streamId === streamId)
  return frames.reduce((sum, { payload }) => sum + payload.length, 0)
}

/** Gives nothing back. */
class Closed extends WindowManager {
  override onDataConsumed(): number {
    return 0
  }
}

function content(streamId: number, octets: number): ReturnType<typeof data> {
  return data(streamId, 'x'.repeat(octets))
}

scenario(
  '#96 An octet beyond the window of a stream: FLOW_CONTROL_ERROR, the others go on',
  { client: { settings: { initialWindowSize: 1000 } } },
  async (run) => {
    await run.ready()
    const patient = new Patient()
    const asked = run.request('GET', '/', {}, patient.read)
    await run.peer.until(headers(1))
    run.peer.send(headers(1).status(200), content(1, 1000), content(1, 1))
    await run.peer.until(rstStream(1, FLOW_CONTROL_ERROR))
    patient.release()
    await run.fails(asked, { scope: 'stream', errorCode: FLOW_CONTROL_ERROR, processed: 'yes' })
    await run.usable()
  },
)

scenario(
  '#96 An octet beyond the window of the connection: C:FLOW_CONTROL_ERROR',
  {
    huge: true,
    client: { limits: { connectionWindowSize: 65_535 }, windowManager: { connection: Closed } },
  },
  async (run) => {
    await run.ready()
    const patient = new Patient()
    const asked = run.request('GET', '/', {}, patient.read)
    await run.peer.until(headers(1))
    const full = Array.from({ length: 4 }, () => content(1, 16_383))
    run.peer.send(headers(1).status(200), ...full, content(1, 3), content(1, 1))
    await run.peer.until(goaway(0, FLOW_CONTROL_ERROR))
    patient.release()
    await run.fails(asked, { scope: 'connection', errorCode: FLOW_CONTROL_ERROR, processed: 'yes' })
  },
)

scenario('#97 WINDOW_UPDATE of 0 on a stream: S:PROTOCOL_ERROR', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(windowUpdate(1, 0))
  await run.fails(asked, { scope: 'stream', errorCode: PROTOCOL_ERROR, initiator: 'local' })
  await run.peer.until(rstStream(1, PROTOCOL_ERROR))
  await run.usable()
})

scenario('#97 WINDOW_UPDATE of 0 on the connection: C:PROTOCOL_ERROR', {}, async (run) => {
  await run.opened()
  run.peer.send(windowUpdate(0, 0))
  await run.connectionError(PROTOCOL_ERROR)
})

scenario(
  '#98 WINDOW_UPDATE overflows a stream: S:FLOW_CONTROL_ERROR, nothing hangs or leaks',
  {},
  async (run) => {
    const asked = run.post('/up', new ReadableStream())
    await run.peer.until(headers(1))
    run.peer.send(windowUpdate(1, 2 ** 31 - 1))
    await run.fails(asked, { scope: 'stream', errorCode: FLOW_CONTROL_ERROR })
    await run.peer.until(rstStream(1, FLOW_CONTROL_ERROR))
    await run.usable()
  },
)

scenario('#98 WINDOW_UPDATE overflows the connection: C:FLOW_CONTROL_ERROR', {}, async (run) => {
  await run.opened()
  run.peer.send(windowUpdate(0, 2 ** 31 - 1))
  await run.connectionError(FLOW_CONTROL_ERROR)
})

scenario('#99 WINDOW_UPDATE on a closed stream, ten times: ignored', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(headers(1).status(204).endStream())
  run.peer.send(...Array.from({ length: 10 }, () => windowUpdate(1, 100)))
  await run.answers(asked, 204)
  await run.usable()
})

scenario('#99 WINDOW_UPDATE on an idle stream: C:PROTOCOL_ERROR', {}, async (run) => {
  await run.opened()
  run.peer.send(windowUpdate(3, 100))
  await run.connectionError(PROTOCOL_ERROR)
})

scenario(
  '#100 One body that nobody reads, 99 that are read: these finish, that one stays within its window',
  { huge: true, client: { settings: { initialWindowSize: 200 }, limits: { connectionWindowSize: 65_535 } } },
  async (run) => {
    await run.ready()
    const patient = new Patient()
    const unread = run.request('GET', '/unread', {}, patient.read)
    const others = Array.from({ length: 99 }, () => run.get())
    await run.peer.until(headers(199))
    run.peer.send(headers(1).status(200), content(1, 200))
    for (const [i, asked] of others.entries()) {
      const streamId = 2 * i + 3
      run.peer.send(headers(streamId).status(200), content(streamId, 200))
      await run.peer.until(windowUpdate(streamId))
      await run.peer.sync()
      run.peer.send(content(streamId, 200).endStream())
      await run.answers(asked, 200)
    }
    expect(run.peer.connection.frames.some((frame) => windowUpdate(1).mismatch(frame) === undefined)).toBe(
      false,
    )
    patient.release()
    await run.peer.until(windowUpdate(1))
    run.peer.send(content(1, 50).endStream())
    await run.answers(unread, 200, 'x'.repeat(250))
  },
)

scenario(
  '#101 Cancelled behind the head, and the server sends a full window: the connection window is refunded',
  {
    huge: true,
    client: { settings: { initialWindowSize: 20_000 }, limits: { connectionWindowSize: 65_535 } },
  },
  async (run) => {
    await run.ready()
    const rounds = run.delivery === 'octets' ? 4 : 20
    for (let streamId = 1; streamId < 2 * rounds; streamId += 2) {
      const patient = new Patient()
      const asked = run.request('GET', '/', {}, patient.read)
      await run.peer.until(headers(streamId))
      run.peer.send(headers(streamId).status(200))
      await asked.stream.response
      asked.stream.cancel()
      patient.release()
      run.peer.send(content(streamId, 10_000), content(streamId, 10_000))
      await run.fails(asked, { code: 'H2_STREAM_CANCELLED', errorCode: CANCEL, initiator: 'user' })
      await run.peer.sync()
      expect(run.tap.ledger.window).toBe(65_535)
    }
    await run.usable()
  },
)

scenario(
  '#102 The application discards a response: the connection window is refunded',
  {
    huge: true,
    client: { settings: { initialWindowSize: 20_000 }, limits: { connectionWindowSize: 65_535 } },
  },
  async (run) => {
    await run.ready()
    for (let streamId = 1; streamId < 20; streamId += 2) {
      const asked = run.request('GET', '/', {}, async (response) => {
        response.cancel()
        return ''
      })
      await run.peer.until(headers(streamId))
      run.peer.send(headers(streamId).status(200), content(streamId, 5000), content(streamId, 5000))
      await run.answers(asked, 200)
      await run.peer.until(rstStream(streamId, CANCEL))
      await run.peer.sync()
      expect(run.tap.ledger.window).toBe(65_535)
    }
  },
)

scenario(
  '#103 100 bodies that nobody reads: each holds up itself alone, and read later they all arrive',
  { huge: true, client: { limits: { connectionWindowSize: 65_535 } } },
  async (run) => {
    await run.ready()
    const patient = new Patient()
    const asked = Array.from({ length: 100 }, () => run.request('GET', '/', {}, patient.read))
    await run.peer.until(headers(199))
    for (let streamId = 1; streamId < 200; streamId += 2) {
      run.peer.send(headers(streamId).status(200), content(streamId, 500))
    }
    for (let round = 0; round < 3; round++) {
      await run.peer.sync()
      for (let streamId = 1; streamId < 200; streamId += 2) run.peer.send(content(streamId, 500))
    }
    await run.peer.sync()
    expect(run.tap.ledger.window, 'the window of the connection is open').toBeGreaterThan(32_768)
    patient.release()
    await run.peer.sync()
    for (let streamId = 1; streamId < 200; streamId += 2) run.peer.send(data(streamId, 'end').endStream())
    for (const each of asked) await run.answers(each, 200, `${'x'.repeat(2000)}end`)
  },
)

scenario(
  '#104 Credit for an upload an octet at a time: it completes',
  { huge: true, peer: { settings: { initialWindowSize: 0 } } },
  async (run) => {
    await run.ready()
    const asked = run.post('/up', 'y'.repeat(500))
    await run.peer.until(headers(1))
    for (let i = 0; i < 500; i++) run.peer.send(windowUpdate(1, 1))
    await run.peer.until(data(1).endStream())
    expect(uploaded(run.peer, 1)).toBe(500)
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
  },
)

scenario(
  '#105 Credit for an upload never comes: the headers deadline, RST_STREAM CANCEL',
  {
    peer: { settings: { initialWindowSize: 0 } },
    client: { keepAlive: false, timeouts: { headers: 60_000 } },
  },
  async (run) => {
    await run.ready()
    const asked = run.post('/up', 'hello')
    await run.peer.until(headers(1))
    await run.clock.advance(59_999)
    expect(asked.settled).toBe(undefined)
    await run.clock.advance(1)
    await run.fails(asked, { code: 'H2_TIMEOUT_HEADERS', processed: 'unknown', retryable: false })
    await run.peer.until(rstStream(1, CANCEL))
    await run.usable()
  },
)

/** A body without content that ends when it is told to. */
class Nothing implements AsyncIterable<Uint8Array> {
  end!: () => void
  readonly #over = new Promise<void>((resolve) => {
    this.end = resolve
  });

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#over.then(() => ({ done: true, value: undefined })) }
  }
}

scenario(
  '#106 The connection window is 0 and a stream window open: content waits, an empty end does not',
  { peer: { settings: { initialWindowSize: 1_000_000 } } },
  async (run) => {
    await run.ready()
    const large = run.post('/large', new Uint8Array(65_535))
    await run.peer.until(data(1).endStream())
    const waiting = run.post('/waiting', 'abc')
    const body = new Nothing()
    const empty = run.post('/empty', body)
    await run.peer.until(headers(5).endStream(false))
    body.end()
    await run.peer.until(data(5, '').endStream())
    await run.peer.sync()
    expect(uploaded(run.peer, 3)).toBe(0)
    run.peer.send(windowUpdate(0, 3))
    await run.peer.until(data(3, 'abc').endStream())
    for (const streamId of [1, 3, 5]) run.peer.send(headers(streamId).status(204).endStream())
    for (const asked of [large, waiting, empty]) await run.answers(asked, 204)
  },
)

scenario(
  '#106 A stream window is 0 and that of the connection open: content waits, an empty end does not',
  { peer: { settings: { initialWindowSize: 0 } } },
  async (run) => {
    await run.ready()
    const waiting = run.post('/waiting', 'abc')
    const body = new Nothing()
    const empty = run.post('/empty', body)
    await run.peer.until(headers(3).endStream(false))
    body.end()
    await run.peer.until(data(3, '').endStream())
    await run.peer.sync()
    expect(uploaded(run.peer, 1)).toBe(0)
    run.peer.send(windowUpdate(1, 3))
    await run.peer.until(data(1, 'abc').endStream())
    for (const streamId of [1, 3]) run.peer.send(headers(streamId).status(204).endStream())
    for (const asked of [waiting, empty]) await run.answers(asked, 204)
  },
)

scenario(
  '#107 A huge upload and a small POST: the small one is at most two rounds behind',
  { peer: { settings: { initialWindowSize: 10_000_000 } } },
  async (run) => {
    await run.ready()
    const huge = run.post('/huge', new Uint8Array(1_000_000))
    await run.peer.until(headers(1))
    const small = run.post('/small', 'small')
    run.peer.send(windowUpdate(0, 10_000_000))
    await run.peer.until(headers(3).post('/small'))
    await run.peer.until(data(3, 'small').endStream())
    const { frames } = run.peer.connection
    const opened = frames.findIndex(({ type, streamId }) => type === HEADERS && streamId === 3)
    const sent = frames.findIndex(({ type, streamId }) => type === DATA && streamId === 3)
    const between = frames.slice(opened, sent).filter(({ type, streamId }) => type === DATA && streamId === 1)
    expect(between.length).toBeLessThanOrEqual(2)
    await run.peer.until(data(1).endStream())
    for (const streamId of [1, 3]) run.peer.send(headers(streamId).status(204).endStream())
    for (const asked of [huge, small]) await run.answers(asked, 204)
  },
)
