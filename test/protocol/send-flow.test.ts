import { describe, expect, it } from 'vitest'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import { concat, latin1, readFrames, response, settings, windowUpdate } from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import { contentOf, FLOW_CONTROL_ERROR, lines } from './sent.ts'

const INITIAL_WINDOW_SIZE = 4

function upload(pair: EnginePair, content: string | number, end = true): RecordingSink {
  const request = pair.open({ method: 'POST' }, false)
  request.stream!.write(typeof content === 'string' ? latin1(content) : new Uint8Array(content))
  if (end) request.stream!.end()
  return request
}

function dataOnly(pair: EnginePair): string[] {
  return lines(pair.frames()).filter((line) => line.startsWith('DATA'))
}

describe('content that we send', () => {
  it('waits for the window of its stream, and resumes exactly (RFC 9113 §6.9.1)', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 5 })
    upload(pair, 'hello world')
    expect(contentOf(pair.frames(), 1)).toBe('hello')
    expect(pair.frames()).toEqual([])
    pair.receive(windowUpdate(1, 1))
    expect(contentOf(pair.frames(), 1)).toBe(' ')
    pair.receive(windowUpdate(1, 100))
    const rest = pair.frames()
    expect([contentOf(rest, 1), lines(rest)]).toEqual(['world', ['DATA 1 5 end']])
  })

  it('waits for the window of the connection, which SETTINGS do not move (RFC 9113 §6.9.2)', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 1_000_000 })
    upload(pair, 70_000)
    expect(contentOf(pair.frames(), 1)).toHaveLength(65_535)
    expect(pair.connection.sendWindow).toBe(0)
    pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 2_000_000 }))
    expect(dataOnly(pair)).toEqual([])
    pair.receive(windowUpdate(0, 1))
    expect(dataOnly(pair)).toEqual(['DATA 1 1'])
    pair.receive(windowUpdate(0, 10_000))
    expect(dataOnly(pair)).toEqual(['DATA 1 4464 end'])
    expect(pair.connection.sendWindow).toBe(10_000 - 4464)
  })

  it('goes on octet by octet with windows of 1 (RFC 9113 §6.9)', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 0 })
    upload(pair, 'abcdef')
    pair.frames()
    let content = ''
    for (let i = 0; i < 6; i++) {
      pair.receive(windowUpdate(1, 1))
      const frames = pair.frames()
      expect(lines(frames)).toEqual([`DATA 1 1${i === 5 ? ' end' : ''}`])
      content += contentOf(frames, 1)
    }
    expect(content).toBe('abcdef')
  })

  it('stops below a window that SETTINGS made negative, until it is above 0 (RFC 9113 §6.9.2)', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 100 })
    upload(pair, 'x'.repeat(150), true)
    expect(dataOnly(pair)).toEqual(['DATA 1 100'])
    pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 40 }))
    pair.receive(windowUpdate(1, 60))
    expect(dataOnly(pair)).toEqual([])
    pair.receive(windowUpdate(1, 1))
    expect(dataOnly(pair)).toEqual(['DATA 1 1'])
    pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 47 }))
    expect(dataOnly(pair)).toEqual(['DATA 1 7'])
    pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 1000 }))
    expect(dataOnly(pair)).toEqual(['DATA 1 42 end'])
  })

  it('of all streams goes on when SETTINGS open their windows at once (RFC 9113 §6.9.2)', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 0 })
    for (let i = 0; i < 5; i++) upload(pair, 10)
    expect(dataOnly(pair)).toEqual([])
    pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 10 }))
    expect(dataOnly(pair)).toEqual([1, 3, 5, 7, 9].map((id) => `DATA ${id} 10 end`))
  })

  it('may fill a window of 2^31-1, and an octet more is an error of the stream (RFC 9113 §6.9.1)', () => {
    const pair = EnginePair.ready()
    const request = upload(pair, '', false)
    pair.frames()
    pair.receive(windowUpdate(1, 0x7fffffff - 65_535))
    expect(request.failure).toBeUndefined()
    pair.receive(windowUpdate(1, 1))
    expect(request.failure).toMatchObject({ scope: 'stream', errorCode: FLOW_CONTROL_ERROR })
    expect(pair.closed).toBe(false)
  })

  itInEveryDelivery('cannot have a window that SETTINGS overflow (RFC 9113 §6.9.2)', (start) => {
    const pair = start()
    const first = pair.open({ method: 'POST' }, false)
    pair.frames()
    pair.receive(windowUpdate(1, 1), settings({ [INITIAL_WINDOW_SIZE]: 0x7ffffffe }))
    expect(pair.closed).toBe(false)
    pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 0x7fffffff }))
    expect(first.failure).toMatchObject({ scope: 'connection', errorCode: FLOW_CONTROL_ERROR })
  })

  itInEveryDelivery(
    'of a stream that is gone does not keep SETTINGS from growing (RFC 9113 §6.9.2)',
    (start) => {
      const pair = start()
      pair.open({ method: 'POST' }, false)
      pair.frames()
      pair.receive(windowUpdate(1, 1), response(1, 200, true))
      pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 0x7fffffff }))
      expect(pair.closed).toBe(false)
    },
  )
})

describe('an end without content', () => {
  it('passes with both windows shut (RFC 9113 §6.9.1)', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 65_535 })
    const first = upload(pair, 65_535, false)
    const second = upload(pair, '', false)
    pair.frames()
    expect(pair.connection.sendWindow).toBe(0)
    first.stream!.end()
    second.stream!.end(['x-sum', '0'])
    expect(lines(pair.frames())).toEqual(['DATA 1 0 end', 'HEADERS 3 end'])
  })

  it('is sent with the last content if it is known by then', () => {
    const pair = EnginePair.ready()
    upload(pair, 'all of it')
    expect(lines(pair.frames())).toEqual(['HEADERS 1', 'DATA 1 9 end'])
  })

  it('is sent with HEADERS if nothing was written by then', () => {
    const pair = EnginePair.ready()
    upload(pair, '')
    expect(lines(pair.frames())).toEqual(['HEADERS 1 end'])
  })

  it.each([
    ['content', undefined],
    ['trailers', ['x-sum', '1']],
  ])(
    'is not said again when the peer opens the window afterwards (RFC 9113 §5.1), after %s',
    (_name, trailers) => {
      const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 5 })
      const request = upload(pair, 'hello', false)
      request.stream!.end(trailers)
      expect(lines(pair.frames()).at(-1)).toMatch(/end$/)
      pair.receive(windowUpdate(1, 5))
      expect(pair.frames()).toEqual([])
      pair.receive(response(1, 200, true))
      expect(request.ended).toBe(true)
      expect(request.failure).toBeUndefined()
      expect(pair.connection.openStreams).toBe(0)
    },
  )
})

describe('trailers that we send (RFC 9113 §8.1)', () => {
  it('come behind the content, when its windows let it pass', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 3 })
    const request = upload(pair, 'abcd', false)
    request.stream!.end(['x-sum', '1'])
    expect(lines(pair.frames())).toEqual(['HEADERS 1', 'DATA 1 3'])
    pair.receive(windowUpdate(1, 1))
    expect(lines(pair.frames())).toEqual(['DATA 1 1', 'HEADERS 1 end'])
  })

  it('that are empty are a plain end', () => {
    const pair = EnginePair.ready()
    upload(pair, 'abcd', false).stream!.end([])
    expect(lines(pair.frames())).toEqual(['HEADERS 1', 'DATA 1 4 end'])
  })

  it('keep a request without content open for them', () => {
    const pair = EnginePair.ready()
    upload(pair, '', false).stream!.end(['x-sum', '1'])
    expect(lines(pair.frames())).toEqual(['HEADERS 1', 'HEADERS 1 end'])
  })
})

describe('an upload', () => {
  it('is told when it may write again, once in a pull, and not after its end', () => {
    const pair = EnginePair.ready()
    const request = upload(pair, 60_000, false)
    expect(request.stream!.queuedBytes).toBe(60_000)
    pair.frames(1_000_000)
    expect(request.stream!.queuedBytes).toBe(0)
    expect(request.calls).toEqual(['opened 1', 'writable'])
    request.stream!.write(new Uint8Array(100))
    request.stream!.end()
    pair.frames()
    expect(request.calls).toEqual(['opened 1', 'writable'])
  })

  it('is not told to write while more than 65,536 octets wait', () => {
    const pair = EnginePair.ready()
    const request = upload(pair, 65_535 + 65_536, false)
    pair.frames()
    expect([request.stream!.queuedBytes, request.calls]).toEqual([65_536, ['opened 1']])
    pair.receive(windowUpdate(0, 1), windowUpdate(1, 1))
    pair.frames()
    expect([request.stream!.queuedBytes, request.calls]).toEqual([65_535, ['opened 1', 'writable']])
  })

  it('takes nothing after its end or its reset', () => {
    const pair = EnginePair.ready()
    const ended = upload(pair, 'abc')
    ended.stream!.write(latin1('more'))
    ended.stream!.end(['x', 'y'])
    const reset = upload(pair, '', false)
    pair.frames()
    reset.stream!.reset(8)
    reset.stream!.write(latin1('more'))
    reset.stream!.end()
    expect([ended.stream!.writable, reset.stream!.writable]).toEqual([false, false])
    expect(lines(pair.frames()).filter((line) => !line.startsWith('PING'))).toEqual(['RST_STREAM 3 CANCEL'])
  })

  it('that was reset keeps nothing of what was queued', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 0 })
    const request = upload(pair, 70_000, false)
    pair.frames()
    request.stream!.reset(8)
    expect(request.stream!.queuedBytes).toBe(0)
  })

  it('that is reset sends nothing of what was queued (RFC 9113 §5.4.2)', () => {
    const pair = EnginePair.ready()
    const request = upload(pair, 50_000)
    const begun = pair.connection.pull(20_000)!.slice()
    request.stream!.reset(8)
    const rest = pair.connection.pull(100_000)!
    // The frame that was begun is finished; then nothing but the reset.
    expect(lines(readFrames(concat(begun, rest)))).toEqual([
      'HEADERS 1',
      'DATA 1 16357',
      'DATA 1 16375',
      'RST_STREAM 1 CANCEL',
      'PING',
    ])
    expect(pair.connection.pull(100_000)).toBeUndefined()
  })

  it('in many small chunks arrives whole', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 100 })
    const request = pair.open({ method: 'POST' }, false)
    let all = ''
    for (let i = 0; i < 300; i++) {
      const text = String.fromCharCode(33 + (i % 90)).repeat(i % 7)
      all += text
      request.stream!.write(latin1(text))
    }
    request.stream!.end()
    let sent = contentOf(pair.frames(), 1)
    for (let i = 0; i < 100 && sent.length < all.length; i++) {
      pair.receive(windowUpdate(1, 37))
      sent += contentOf(pair.frames(), 1)
    }
    expect(sent).toBe(all)
  })
})
