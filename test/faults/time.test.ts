/** Fault scenarios 108 to 117: PING, liveness and time (RFC 9113 §6.7), on a clock that the test moves. */
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { data, headers, ping, rstStream } from '../../src/testing/index.ts'
import { concat } from '../support/wire.ts'
import { Patient, type Run } from './run.ts'
import { CANCEL, ENHANCE_YOUR_CALM, scenario } from './scenario.ts'

const HEADERS = 1
const PING = 6

/** Waits until the client was given so many octets more. */
async function delivered(run: Run, octets: number): Promise<() => Promise<void>> {
  const goal = run.tap.octetsReceived + octets
  return async () => {
    while (run.tap.octetsReceived < goal) await setImmediate()
    await run.clock.advance(0)
  }
}

scenario(
  '#108 The server falls silent within a body: PING at 30 s, dead 15 s later, to the millisecond',
  {},
  async (run) => {
    const asked = await run.opened()
    run.peer.send(headers(1).status(200), data(1, 'some'))
    await run.peer.sync()
    run.silent = true
    run.peer.stall()
    await run.clock.advance(44_999)
    expect(asked.settled).toBe(undefined)
    await run.clock.advance(1)
    await run.fails(asked, {
      code: 'H2_TIMEOUT_PING',
      scope: 'connection',
      initiator: 'local',
      processed: 'yes',
    })
  },
)

scenario(
  '#109 Silence on an idle connection, then a request: dead after 45 s, the next dials anew',
  {},
  async (run) => {
    await run.ready()
    run.peer.stall()
    await run.clock.advance(600_000)
    const asked = run.get()
    while (asked.stream.streamId === undefined) await setImmediate()
    await run.clock.advance(45_000)
    await run.fails(asked, { code: 'H2_TIMEOUT_PING', processed: 'unknown', retryable: false })
    const again = run.get('/again')
    const second = await run.peer.accept()
    await second.until(headers(1).get('/again'))
    second.send(headers(1).status(204).endStream())
    await run.answers(again, 204)
    await run.clock.advance(1000)
  },
)

scenario('#110 A flood of PING: ENHANCE_YOUR_CALM long before it ends', { huge: true }, async (run) => {
  await run.opened()
  run.peer.send(...Array.from({ length: 3000 }, () => ping()))
  await run.connectionError(ENHANCE_YOUR_CALM)
})

scenario('#111 An acknowledgement of a PING that nobody sent: ignored', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(ping('whatever').ack(), headers(1).status(204).endStream())
  await run.answers(asked, 204)
  await run.usable()
})

scenario('#112 The answer to a PING after 14.9 s: alive', { peer: { answerPings: false } }, async (run) => {
  await run.ready()
  const asked = await run.opened()
  await run.clock.advance(30_000)
  const { payload } = await run.peer.expect(ping())
  await run.clock.advance(14_900)
  run.peer.send(ping(payload).ack(), headers(1).status(204).endStream())
  await run.answers(asked, 204)
  await run.usable()
})

scenario('#112 The answer to a PING after 15.1 s: dead', { peer: { answerPings: false } }, async (run) => {
  await run.ready()
  const asked = await run.opened()
  await run.clock.advance(30_000)
  await run.peer.expect(ping())
  await run.clock.advance(15_100)
  await run.fails(asked, { code: 'H2_TIMEOUT_PING', processed: 'unknown' })
})

scenario(
  '#113 PINGs are answered, the request is not: its deadline, RST_STREAM CANCEL, the connection stays',
  { client: { timeouts: { headers: 60_000 } } },
  async (run) => {
    await run.ready()
    const asked = await run.opened()
    for (let i = 0; i < 5; i++) {
      await run.clock.advance(10_000)
      await run.peer.sync()
    }
    await run.clock.advance(10_000)
    await run.fails(asked, {
      code: 'H2_TIMEOUT_HEADERS',
      scope: 'stream',
      processed: 'unknown',
      retryable: false,
    })
    await run.peer.until(rstStream(1, CANCEL))
    await run.usable()
  },
)

scenario('#114 Two hours of sleep on an idle connection: it is good if the server is', {}, async (run) => {
  await run.ready()
  await run.clock.advance(7_200_000)
  await run.usable()
})

scenario(
  '#115 A storm of cancellations: no more open or just reset than MAX_CONCURRENT_STREAMS, one PING out',
  { peer: { answerPings: false, settings: { maxConcurrentStreams: 100 } }, huge: true },
  async (run) => {
    await run.ready()
    const { frames } = run.peer.connection
    const count = (type: number, flags: number) =>
      frames.filter((frame) => frame.type === type && (frame.flags & 1) === flags).length
    for (let round = 1; round <= 3; round++) {
      const asked = Array.from({ length: 300 }, () => run.get())
      await run.peer.until(headers(200 * round - 1))
      for (const each of asked) each.stream.cancel()
      for (const each of asked) await run.fails(each, { code: 'H2_STREAM_CANCELLED' })
      const late = run.get('/late')
      await run.peer.sync()
      expect(count(HEADERS, 1), 'no slot is free').toBe(100 * round)
      expect(count(PING, 0), 'one PING is out').toBe(round)
      late.stream.cancel()
      const asks = frames.filter((frame) => frame.type === PING && (frame.flags & 1) === 0)
      // A peer that answers is one that was active: it has something to say besides.
      run.peer.send(ping(asks.at(-1)!.payload).ack(), headers(1).status(200))
      await run.peer.sync()
    }
    await run.usable()
  },
)

scenario(
  '#115 Heads and content that cross our cancellations: not held against the server, however many',
  { huge: true },
  async (run) => {
    await run.ready()
    for (let round = 0; round < 15; round++) {
      const asked = Array.from({ length: 100 }, () => run.get())
      const first = 200 * round + 1
      await run.peer.until(headers(first + 198))
      for (const each of asked) each.stream.cancel()
      const late = asked.flatMap((_, i) => [headers(first + 2 * i).status(200), data(first + 2 * i, 'x')])
      run.peer.send(...late)
      for (const each of asked) await run.fails(each, { code: 'H2_STREAM_CANCELLED' })
      await run.peer.sync()
    }
    await run.usable()
  },
)

scenario(
  '#116 A head that comes an octet each second: the headers deadline',
  { client: { timeouts: { headers: 60_000 } } },
  async (run) => {
    await run.ready()
    const asked = await run.opened()
    const head = headers(1).status(200).field('x-slow', 'y'.repeat(80)).endStream().toBytes()
    for (let i = 0; i < 60; i++) {
      const arrived = await delivered(run, 1)
      run.peer.send(head.subarray(i, i + 1))
      await arrived()
      await run.clock.advance(1000)
    }
    await run.fails(asked, { code: 'H2_TIMEOUT_HEADERS', processed: 'unknown' })
    run.peer.send(head.subarray(60))
    await run.peer.until(rstStream(1, CANCEL))
    await run.usable()
  },
)

scenario(
  '#117 A body that comes an octet a minute and more: the idle deadline of the body',
  { client: { keepAlive: false, timeouts: { bodyIdle: 60_000 } } },
  async (run) => {
    await run.ready()
    const asked = await run.opened()
    run.peer.send(headers(1).status(200))
    for (let i = 0; i < 3; i++) {
      run.peer.send(data(1, 'x'))
      await run.peer.sync()
      await run.clock.advance(59_000)
    }
    expect(asked.settled).toBe(undefined)
    await run.clock.advance(1_000)
    await run.fails(asked, { code: 'H2_TIMEOUT_BODY', processed: 'yes', retryable: false })
    await run.peer.until(rstStream(1, CANCEL))
    await run.usable()
  },
)

scenario('#117 A body that comes an octet each second: the total deadline', {}, async (run) => {
  await run.ready()
  const asked = run.get('/', { timeouts: { total: 100_000 } })
  await run.peer.until(headers(1))
  run.peer.send(headers(1).status(200))
  for (let i = 0; i < 100; i++) {
    const arrived = await delivered(run, data(1, 'x').toBytes().length)
    run.peer.send(data(1, 'x'))
    await arrived()
    expect(asked.settled).toBe(undefined)
    await run.clock.advance(1_000)
  }
  await run.fails(asked, { code: 'H2_TIMEOUT_TOTAL', processed: 'yes', retryable: false })
  await run.usable()
})

scenario(
  '#117 A body of an octet a frame, read as slowly as it comes: each frame for itself, and never held against the server',
  { huge: true },
  async (run) => {
    await run.ready()
    const frames: number[] = []
    const asked = run.request('GET', '/', {}, async (response) => {
      for await (const frame of response.readChunked()) frames.push(frame.length)
      return ''
    })
    await run.peer.until(headers(1))
    run.peer.send(headers(1).status(200))
    for (let i = 0; i < 300; i++) {
      const arrived = await delivered(run, data(1, 'x').toBytes().length)
      run.peer.send(data(1, 'x'))
      await arrived()
      await run.clock.advance(1_000)
    }
    run.peer.send(data(1, '').endStream())
    await run.answers(asked, 200)
    expect(frames).toEqual(new Array(300).fill(1))
    await run.usable()
  },
)

scenario(
  '#117 A flood of frames of an octet that nobody reads: what each costs is bounded, and the reader gets every octet',
  { huge: true },
  async (run) => {
    await run.ready()
    const read = new Patient()
    let frames = 0
    const asked = run.request('GET', '/', {}, async (response) => {
      await read.released
      let octets = 0
      for await (const frame of response.readChunked()) {
        frames += 1
        octets += frame.length
      }
      return String(octets)
    })
    await run.peer.until(headers(1))
    run.peer.send(headers(1).status(200))
    const octet = data(1, 'x').toBytes()
    for (let i = 0; i < 20; i++) {
      run.peer.send(concat(...new Array<Uint8Array>(500).fill(octet)))
      await run.peer.sync()
    }
    read.release()
    run.peer.send(data(1, '').endStream())
    await run.answers(asked, 200, '10000')
    expect(frames).toBe(4096)
    await run.usable()
  },
)
