/** What other tools are given: HAR 1.2 by its specification, qlog as JSON-SEQ, trace events. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Kind, type Recording, Tape } from '../../src/trace/index.ts'
import { isoTime } from '../../src/trace/iso-time.ts'
import { script } from '../fuzz/conversation.ts'
import { harFaults } from './har-schema.ts'
import { TapedPeer } from './taped-peer.ts'
import { TapedRun } from './taped-run.ts'

/** A request that was dialled for, and one that failed. */
function story(): Recording {
  const tape = new Tape({ bodies: true }, 1_764_000_000_000)
  const steps = [
    ['dns', 5],
    ['tcp', 20],
    ['tls', 40],
  ] as const
  const dial = (peer: TapedPeer): void => {
    peer.call(1, 'GET', '/a')
    for (const [step, ms] of steps) {
      tape.text(Kind.DIAL_STEP, peer.connection, 0, ms * 1000, step, peer.wait(ms).now)
    }
    tape.text(Kind.DIALLED, peer.connection, 0, 0, JSON.stringify({ remoteAddress: '127.0.0.1' }), peer.now)
  }
  const peer = new TapedPeer({ tape, dial })
  peer
    .open(1, true, 'GET', '/a')
    .wait(100)
    .respond(1)
    .content(1, 500)
    .wait(10)
    .content(1, 500, true)
    .settle(1)
  return peer
    .call(3, 'POST', '/b')
    .open(3, false, 'POST', '/b')
    .wait(7)
    .request(Kind.SETTLED, 3, 1)
    .recording()
}

describe('HAR', () => {
  it('is what HAR 1.2 says', () => {
    expect(harFaults(story().toHAR())).toEqual([])
  })

  it('has an entry for each request, whose times make up the whole', () => {
    const [first, second] = story().toHAR().log.entries
    expect(first).toMatchObject({
      startedDateTime: isoTime(1_764_000_000_000),
      serverIPAddress: '127.0.0.1',
      time: 175,
      timings: { blocked: 0, dns: 5, connect: 60, ssl: 40, send: 0, wait: 100, receive: 10 },
      request: { method: 'GET', url: 'https://a.test/a', httpVersion: 'HTTP/2' },
      response: { status: 200, content: { size: 1000 } },
      _http2_stream_id: 1,
      _chunks: [
        { ts: 165, bytes: 500 },
        { ts: 175, bytes: 500 },
      ],
    })
    expect(second).toMatchObject({
      time: 7,
      timings: { dns: -1, send: 7, wait: 0, receive: 0 },
      response: { status: 0 },
    })
  })

  it('is what HAR 1.2 says, whatever the conversation', () => {
    fc.assert(
      fc.property(script, (steps) => {
        const run = new TapedRun({ enablePush: true }, [])
        run.converse(steps)
        expect(harFaults(run.tape.recording().toHAR())).toEqual([])
      }),
      { numRuns: 50 },
    )
  })
})

describe('qlog', () => {
  const records = (recording: Recording): Record<string, unknown>[] => {
    const parts = recording.toQlog().split('\x1e')
    expect(parts.shift()).toBe('')
    return parts.map((part) => {
      expect(part.endsWith('\n')).toBe(true)
      return JSON.parse(part)
    })
  }

  it('begins with what it is, and tells of frames, windows and stalls in order of time', () => {
    const [header, ...events] = records(story())
    expect(header).toMatchObject({
      file_schema: 'urn:ietf:params:qlog:file:sequential',
      serialization_format: 'application/qlog+json-seq',
      trace: { vantage_point: { type: 'client' } },
    })
    const times = events.map(({ time }) => time as number)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    const named = (name: string): unknown[] =>
      events.filter((event) => event.name === `http2:${name}`).map(({ data }) => data)
    expect(named('frame_parsed')).toContainEqual(
      expect.objectContaining({ stream_id: 1, frame: expect.objectContaining({ frame_type: 'data' }) }),
    )
    expect(named('parameters_set')).toHaveLength(2)
    expect(named('stalled')).toContainEqual(
      expect.objectContaining({ stream_id: 1, trigger: 'server', duration: 100 }),
    )
    expect(named('window_updated')).toContainEqual({
      owner: 'local',
      connection: 65_035,
      stream_id: 1,
      stream: 65_035,
    })
  })
})

describe('Chrome trace', () => {
  it('has a slice for each stall, and counters for windows', () => {
    const { traceEvents } = story().toChromeTrace()
    expect(traceEvents).toContainEqual(
      expect.objectContaining({ name: 'server', ph: 'X', ts: 65_000, dur: 100_000, tid: 1 }),
    )
    expect(traceEvents.filter(({ ph }) => ph === 'C').length).toBeGreaterThan(2)
    for (const { ph, ts, dur } of traceEvents) {
      expect(['X', 'C', 'i', 'M']).toContain(ph)
      expect(Number.isFinite(ts)).toBe(true)
      if (ph === 'X') expect(dur).toBeGreaterThanOrEqual(0)
    }
  })
})

it('moments are those of the calendar', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
      expect(isoTime(ms)).toBe(new Date(ms).toISOString())
    }),
  )
})
