/** Fault scenarios 14 to 32: what the peer's SETTINGS say (RFC 9113 §6.5). */
import { expect } from 'vitest'
import { data, frame, headers, settings, settingsAck, windowUpdate } from '../../src/testing/index.ts'
import type { Run } from './run.ts'
import {
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
  SETTINGS_TIMEOUT,
  scenario,
} from './scenario.ts'

const DATA = 0

/** Octets of content that the peer has. */
function uploaded(run: Run, streamId: number): number {
  const frames = run.peer.connection.frames.filter((each) => each.type === DATA && each.streamId === streamId)
  return frames.reduce((sum, { payload }) => sum + payload.length, 0)
}

scenario(
  '#14 MAX_CONCURRENT_STREAMS 1, 50 requests: one open at a time, all finish',
  { peer: { settings: { maxConcurrentStreams: 1 } } },
  async (run) => {
    await run.ready()
    const asked = Array.from({ length: 50 }, () => run.get())
    for (const [answered, each] of asked.entries()) {
      const { streamId } = await run.peer.until(headers())
      expect(run.peer.requests).toHaveLength(answered + 1)
      run.peer.send(headers(streamId).status(204).endStream())
      await run.answers(each, 204)
    }
  },
)

scenario(
  '#15 MAX_CONCURRENT_STREAMS 0 for ever: requests fail at their deadline, nothing spins or dials',
  { peer: { settings: { maxConcurrentStreams: 0 } } },
  async (run) => {
    await run.ready()
    const asked = [run.get(), run.get(), run.post('/', 'x')]
    await run.clock.advance(29_999)
    expect(asked[0]!.settled).toBe(undefined)
    expect(run.clock.pending, 'one timer').toBe(1)
    await run.clock.advance(1)
    for (const each of asked)
      await run.fails(each, { code: 'H2_TIMEOUT_QUEUE', processed: 'no', retryable: true })
    expect(run.peer.requests).toEqual([])
    expect(run.tap.dials).toBe(1)
  },
)

scenario(
  '#16 MAX_CONCURRENT_STREAMS 0, then 10 after 200 ms: requests proceed',
  { peer: { settings: { maxConcurrentStreams: 0 } } },
  async (run) => {
    await run.ready()
    const asked = Array.from({ length: 10 }, () => run.get())
    await run.clock.advance(200)
    await run.peer.sync()
    expect(run.peer.requests).toEqual([])
    run.peer.send(settings({ maxConcurrentStreams: 10 }))
    for (const [i, each] of asked.entries()) {
      await run.peer.until(headers(2 * i + 1))
      run.peer.send(
        headers(2 * i + 1)
          .status(204)
          .endStream(),
      )
      await run.answers(each, 204)
    }
  },
)

scenario(
  '#17 MAX_CONCURRENT_STREAMS 100, then 2 with 50 open: no resets, no new stream until fewer than 2 are open',
  { peer: { settings: { maxConcurrentStreams: 100 } } },
  async (run) => {
    await run.ready()
    const asked = Array.from({ length: 50 }, () => run.get())
    await run.peer.until(headers(99))
    run.peer.send(settings({ maxConcurrentStreams: 2 }))
    await run.peer.sync()
    const late = run.get('/late')
    const answer = (id: number) => run.peer.send(headers(id).status(204).endStream())
    for (let id = 1; id <= 95; id += 2) answer(id)
    await run.peer.sync()
    expect(run.peer.requests, 'two are open').toHaveLength(50)
    answer(97)
    await run.peer.expect(headers(101).get('/late'))
    answer(99)
    answer(101)
    for (const each of [...asked, late]) await run.answers(each, 204)
  },
)

scenario(
  '#18 INITIAL_WINDOW_SIZE 0, then credit: an upload waits, a GET does not',
  { peer: { settings: { initialWindowSize: 0 } } },
  async (run) => {
    await run.ready()
    const upload = run.post('/up', 'hello')
    const get = run.get('/get')
    await run.peer.until(headers(3).get('/get'))
    run.peer.send(headers(3).status(204).endStream())
    await run.answers(get, 204)
    await run.peer.sync()
    expect(uploaded(run, 1)).toBe(0)
    run.peer.send(windowUpdate(1, 3))
    await run.peer.expect(data(1, 'hel').endStream(false))
    run.peer.send(windowUpdate(1, 2))
    await run.peer.expect(data(1, 'lo').endStream())
    run.peer.send(headers(1).status(201).endStream())
    await run.answers(upload, 201)
  },
)

scenario(
  '#19 INITIAL_WINDOW_SIZE shrinks below what was sent: no DATA until it is positive',
  {},
  async (run) => {
    await run.ready()
    run.peer.send(windowUpdate(0, 1_000_000))
    const asked = run.post('/up', new Uint8Array(100_000))
    while (uploaded(run, 1) < 65_535) await run.peer.until(data(1))
    run.peer.send(settings({ initialWindowSize: 1000 }), windowUpdate(1, 64_535))
    await run.peer.sync()
    expect(uploaded(run, 1), 'the window is 0').toBe(65_535)
    run.peer.send(windowUpdate(1, 1))
    await run.peer.until(data(1, new Uint8Array(1)))
    run.peer.send(windowUpdate(1, 50_000))
    await run.peer.until(data(1).endStream())
    expect(uploaded(run, 1)).toBe(100_000)
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
  },
)

scenario('#20 INITIAL_WINDOW_SIZE 2^31: C:FLOW_CONTROL_ERROR', {}, async (run) => {
  await run.opened()
  run.peer.send(settings({ initialWindowSize: 2 ** 31 }))
  await run.connectionError(FLOW_CONTROL_ERROR)
})

scenario('#21 INITIAL_WINDOW_SIZE overflows an open stream: C:FLOW_CONTROL_ERROR', {}, async (run) => {
  run.post('/up', 'hello')
  await run.peer.until(data(1).endStream())
  run.post('/open', new ReadableStream())
  await run.peer.until(headers(3).post('/open'))
  run.peer.send(windowUpdate(3, 2 ** 31 - 1 - 65_535), settings({ initialWindowSize: 65_536 }))
  await run.connectionError(FLOW_CONTROL_ERROR)
})

scenario(
  '#22 MAX_FRAME_SIZE 0, 16,383, 2^24: C:PROTOCOL_ERROR, no write loop',
  { cases: { '0': 0, '16,383': 16_383, '2^24': 2 ** 24 } },
  async (run, maxFrameSize) => {
    run.post('/up', new Uint8Array(100_000))
    await run.peer.until(headers(1))
    run.peer.send(settings({ maxFrameSize }))
    await run.connectionError(PROTOCOL_ERROR)
  },
)

scenario(
  '#23 MAX_FRAME_SIZE 2^24-1, then 16,384 during an upload: frames obey the limit in force',
  { peer: { settings: { maxFrameSize: 2 ** 24 - 1, initialWindowSize: 2 ** 31 - 1 } } },
  async (run) => {
    await run.ready()
    run.peer.send(windowUpdate(0, 2 ** 30))
    const asked = run.post('/up', new Uint8Array(4_000_000))
    while (uploaded(run, 1) < 1_000_000) await run.peer.until(data(1))
    run.peer.send(settings({ maxFrameSize: 16_384 }))
    await run.peer.until(data(1).endStream())
    expect(uploaded(run, 1)).toBe(4_000_000)
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
  },
)

scenario(
  '#24 HEADER_TABLE_SIZE 0; 4,096, 0, 4,096; 4 GiB: the size updates are right, the decoder stays in step',
  {
    cases: {
      '0': [0],
      '4,096, 0, 4,096': [4096, 0, 4096],
      'both at once': [0, 4096],
      '4 GiB': [2 ** 32 - 1],
    },
  },
  async (run, sizes) => {
    await run.ready()
    const fields = { 'x-one': 'the same value each time', 'x-two': 'another' }
    const ask = async (path: string): Promise<void> => {
      const asked = run.get(path, { headers: fields })
      const expected = headers().get(path).field('x-one', fields['x-one']).field('x-two', 'another')
      const { streamId } = await run.peer.expect(expected)
      run.peer.send(headers(streamId).status(204).endStream())
      await run.answers(asked, 204)
    }
    await ask('/before')
    for (const size of sizes) {
      run.peer.send(settings({ headerTableSize: size }))
      if (sizes.length === 2) continue
      await run.peer.sync()
      await ask(`/${size}`)
    }
    await run.peer.sync()
    await ask('/after')
    await ask('/again')
  },
)

scenario(
  '#25 MAX_HEADER_LIST_SIZE 10: a local error before anything is sent; the connection stays good',
  { peer: { settings: { maxHeaderListSize: 10 } } },
  async (run) => {
    await run.ready()
    const asked = run.get()
    await run.fails(asked, {
      code: 'H2_HEADER_LIST_TOO_LARGE',
      scope: 'stream',
      initiator: 'local',
      processed: 'no',
    })
    expect(run.peer.requests).toEqual([])
    run.peer.send(settings({ maxHeaderListSize: 65_536 }))
    await run.peer.sync()
    await run.usable()
  },
)

scenario(
  '#26 ENABLE_PUSH 1 or 2: C:PROTOCOL_ERROR',
  { cases: { '1': 1, '2': 2 } },
  async (run, enablePush) => {
    await run.opened()
    run.peer.send(settings({ enablePush }))
    await run.connectionError(PROTOCOL_ERROR)
  },
)

/** So many settings that nobody knows (RFC 8701 has such values for TLS). */
function unknownSettings(count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => [0x0a0a + 0x1010 * (i % 15), i])
}

scenario('#27 32 unknown settings: fine', {}, async (run) => {
  await run.ready()
  run.peer.send(settings(unknownSettings(32)))
  await run.peer.until(settingsAck())
  await run.usable()
})

scenario(
  '#27 33 or 2,700 settings in a frame: C:ENHANCE_YOUR_CALM',
  { cases: { '33': 33, '2,700': 2700 }, huge: true },
  async (run, count) => {
    await run.opened()
    run.peer.send(settings(unknownSettings(count)))
    await run.connectionError(ENHANCE_YOUR_CALM)
  },
)

scenario(
  '#28 SETTINGS of 5 octets; an acknowledgement of 6; on a stream: C:FRAME_SIZE_ERROR, C:PROTOCOL_ERROR',
  {
    cases: {
      '5 octets': [frame(4, 0, 0, 'xxxxx'), FRAME_SIZE_ERROR],
      'acknowledgement of 6': [frame(4, 1, 0, 'xxxxxx'), FRAME_SIZE_ERROR],
      'on a stream': [frame(4, 0, 1, ''), PROTOCOL_ERROR],
    } as const,
  },
  async (run, [bad, errorCode]) => {
    await run.opened()
    run.peer.send(bad)
    await run.connectionError(errorCode)
  },
)

scenario('#29 An acknowledgement that nobody waits for: C:PROTOCOL_ERROR', {}, async (run) => {
  await run.ready()
  await run.opened()
  run.peer.send(settingsAck())
  await run.connectionError(PROTOCOL_ERROR)
})

scenario(
  '#30 SETTINGS every millisecond with 1,000 open streams: C:ENHANCE_YOUR_CALM',
  { huge: true, peer: { settings: { maxConcurrentStreams: 1000 } } },
  async (run) => {
    await run.ready()
    for (let i = 0; i < 1000; i++) run.get()
    await run.peer.until(headers(1999))
    for (let sent = 0; sent < 2000 && !run.peer.connection.isClosed; sent += 100) {
      const window = (i: number) => settings({ initialWindowSize: i % 2 === 0 ? 1_000_000 : 1 })
      run.peer.send(...Array.from({ length: 100 }, (_, i) => window(i)))
      await Promise.race([run.peer.sync().catch(() => {}), run.peer.connection.closed])
      await run.clock.advance(100)
    }
    await run.connectionError(ENHANCE_YOUR_CALM)
  },
)

scenario(
  '#31 Our SETTINGS are never acknowledged: SETTINGS_TIMEOUT at 10 s',
  { peer: { acknowledge: false } },
  async (run) => {
    await run.opened()
    await run.peer.sync()
    await run.clock.advance(9_999)
    await run.peer.sync()
    await run.clock.advance(1)
    await run.connectionError(SETTINGS_TIMEOUT, { code: 'H2_TIMEOUT_SETTINGS' })
  },
)

scenario(
  '#32 ENABLE_CONNECT_PROTOCOL 1, then 0; 2: C:PROTOCOL_ERROR',
  { cases: { '1, then 0': [1, 0], '2': [2] } },
  async (run, values) => {
    await run.opened()
    for (const enableConnectProtocol of values) run.peer.send(settings({ enableConnectProtocol }))
    await run.connectionError(PROTOCOL_ERROR)
  },
)
