import { describe, expect, it } from 'vitest'
import type { Failure } from '../../src/protocol/index.ts'
import { Engine, TOLD_OK } from './engine.ts'
import { CHUNKED, OK } from './recording.ts'

const GET = 'GET / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\n\r\n'
const STRAY = 'closed, bytes that no request asked for (RFC 9112 §9.2)'
const CUT_SHORT = 'closed, closed by the peer before the response was complete (RFC 9112 §8)'
const RESET: Failure = {
  scope: 'transport',
  initiator: 'peer',
  errorCode: 0,
  reason: 'broken, read ECONNRESET',
  processed: 'unknown',
  kind: 'CLOSED',
}
const octets = (text: string): Uint8Array => Buffer.from(text)

describe('one request at a time (RFC 9112 §9.3)', () => {
  it('each is sent when it is pulled, and the next when the last is answered', () => {
    const engine = new Engine()
    engine.ask()
    expect([engine.connection.free, engine.told]).toEqual([false, []])
    expect(() => engine.ask()).toThrow('one request at a time')
    expect(engine.sent()).toBe(GET)
    engine.say(OK)
    expect(engine.connection.free).toBe(true)
    engine.ask()
    expect(engine.sent()).toBe(GET)
    engine.say(OK)
    expect(engine.told).toEqual(['sent', ...TOLD_OK, 'free', 'sent', ...TOLD_OK, 'free'])
    expect([engine.connection.bytesSent, engine.connection.bytesReceived]).toEqual([
      2 * GET.length,
      2 * OK.length,
    ])
  })

  it('the next can be opened as soon as it is told so', () => {
    const engine = new Engine()
    engine.act = (line) => {
      if (line === 'free') engine.ask()
    }
    engine.ask()
    engine.sent()
    engine.say(OK)
    expect(engine.sent()).toBe(GET)
  })

  it('a request is not over before all of it has left', () => {
    const engine = new Engine()
    const stream = engine.ask({ method: 'POST', fields: ['content-length', '4'] }, false)
    expect(engine.sent()).toMatch(/\r\n\r\n$/)
    engine.say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no')
    stream.write(octets('abcd'))
    stream.end()
    engine.say('k')
    expect([engine.connection.free, engine.connection.nextTimeout()]).toEqual([false, 1000])
    expect(engine.sent()).toBe('abcd')
    expect(engine.told.slice(-3)).toEqual(['content k', 'end', 'free'])
  })

  it('an answer to a request that does not leave is not waited for', () => {
    const engine = new Engine()
    const stream = engine.ask({ method: 'POST', fields: ['content-length', '4'] }, false)
    engine.sent()
    stream.write(octets('abcd'))
    stream.end()
    engine.say(OK)
    engine.at(999)
    expect(engine.connection.closed).toBe(false)
    engine.at(1000)
    expect(engine.told.slice(-2)).toEqual(['closed', 'cut'])
  })

  it('an answer before the request was given ends the connection, and is whole', () => {
    const engine = new Engine()
    const stream = engine.ask({ method: 'POST' }, false)
    stream.write(octets('a'))
    engine.sent()
    engine.say(OK.replace('200 OK', '413 Too Large'))
    // The end is told when there is no way back.
    expect(engine.told.slice(2)).toEqual(['413 Too Large', 'content ok', 'closed', 'cut', 'end'])
    expect([stream.writable, stream.queuedBytes]).toEqual([false, 0])
    stream.write(octets('b'))
    expect(engine.sent()).toBe('')
  })

  it('a head that breaks a rule changes nothing', () => {
    const engine = new Engine()
    expect(() => engine.ask({ path: 'x' })).toThrow(TypeError)
    expect(engine.connection.free).toBe(true)
    engine.ask()
    expect(engine.sent()).toBe(GET)
  })
})

describe('bytes that nobody awaits (RFC 9112 §9.2)', () => {
  it('end an idle connection', () => {
    const engine = new Engine()
    engine.say('H')
    expect([engine.told, engine.failure?.scope]).toEqual([[STRAY, 'cut'], 'connection'])
  })

  it('between two requests, too', () => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.say(OK, 'H')
    expect(engine.told.slice(-3)).toEqual(['free', STRAY, 'cut'])
  })

  it('fail a request whose head was not sent yet', () => {
    const engine = new Engine()
    engine.ask()
    engine.say(OK)
    expect(engine.told).toEqual(['failed (no)', STRAY, 'cut'])
    expect(engine.sent()).toBe('')
  })

  it.each([`${OK}x`, OK + OK, `${CHUNKED}0\r\n\r\n\r\n`])('behind a response leave it whole: %j', (text) => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.say(text)
    expect(engine.told.slice(-3)).toEqual(['end', STRAY, 'cut'])
    expect(engine.told).not.toContain('free')
  })

  it('behind the end are not waited for', () => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.say('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
    expect(engine.told.at(-1)).toBe('closed')
    engine.say('x')
    engine.say('x')
    expect(engine.told.slice(-2)).toEqual(['closed', 'cut'])
  })
})

describe('the end', () => {
  it('of an idle connection is as it should be, however it comes', () => {
    for (const failure of [undefined, RESET]) {
      const engine = new Engine()
      engine.hangUp(failure)
      engine.hangUp(failure)
      expect([engine.told, engine.connection.draining]).toEqual([['closed'], true])
    }
  })

  it('completes a response without a length, but not if the transport broke (RFC 9112 §6.3)', () => {
    for (const failure of [undefined, RESET]) {
      const engine = new Engine()
      engine.ask()
      engine.sent()
      engine.say('HTTP/1.1 200 OK\r\n\r\nabc')
      engine.hangUp(failure)
      expect(engine.told).toEqual([
        'sent',
        'draining',
        '200 OK',
        'content abc',
        ...(failure === undefined ? ['end', 'closed'] : ['failed (yes)', `closed, ${RESET.reason}`]),
      ])
    }
  })

  it.each([
    ['before the request was sent', false, '', 'no'],
    ['before an answer', true, '', 'unknown'],
    ['in a status line', true, 'HTTP/1.1 200', 'unknown'],
    ['in a head', true, 'HTTP/1.1 200 OK\r\nContent-', 'yes'],
    ['in content', true, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc', 'yes'],
    ['behind 103', true, 'HTTP/1.1 103 E\r\n\r\n', 'yes'],
  ])('%s fails the request, which says how far it came', (_, sent, text, processed) => {
    const engine = new Engine()
    engine.ask()
    if (sent) engine.sent()
    if (text !== '') engine.say(text)
    engine.hangUp()
    expect(engine.told.slice(-2)).toEqual([`failed (${processed})`, CUT_SHORT])
    expect(engine.failure).toMatchObject({ scope: 'transport', initiator: 'peer', kind: 'CLOSED' })
  })

  it('by a transport that broke is told apart from one that was closed', () => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.hangUp(RESET)
    expect(engine.told.slice(-2)).toEqual(['failed (unknown)', `closed, ${RESET.reason}`])
  })

  it('what is no response fails the request, and cuts the connection', () => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.say('SSH-2.0-x\r\n', OK)
    expect(engine.told.slice(1)).toEqual([
      'failed (unknown)',
      'closed, a status line that is not one (RFC 9112 §4); the peer speaks SSH',
      'cut',
    ])
    expect(engine.failure).toMatchObject({ scope: 'connection', initiator: 'local', kind: undefined })
  })

  it('what is no response is so, too, if it ends with the connection', () => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.say('\x15\x03\x01\0\x02\x02\x46')
    expect(engine.told).toEqual(['sent'])
    engine.hangUp()
    expect(engine.told.slice(1)).toEqual([
      'failed (unknown)',
      expect.stringMatching(/^closed, a status line .*the peer speaks TLS/),
      'cut',
    ])
  })

  it('what is too large says so', () => {
    const engine = new Engine({ maxHeadSize: 100, maxFields: 9, maxInformational: 0 })
    engine.ask()
    engine.sent()
    engine.say(`HTTP/1.1 200 ${'O'.repeat(100)}`)
    expect(engine.failure?.kind).toBe('HEADER_LIST_TOO_LARGE')
  })

  it('is in order where the peer says that it ends, and only then is anything told of it (RFC 9112 §9.6)', () => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.say('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n')
    expect([engine.told, engine.connection.draining, engine.connection.closed]).toEqual([
      ['sent', 'draining', '200 OK'],
      true,
      false,
    ])
    engine.say('ok')
    expect(engine.told.slice(3)).toEqual(['content ok', 'end', 'closed'])
    const last = new Engine()
    last.ask({ method: 'HEAD' })
    last.sent()
    last.say('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
    expect(last.told).toEqual(['sent', '200 OK, no content', 'end', 'closed'])
  })

  it('by shutdown() waits for the request that is under way', () => {
    const idle = new Engine()
    idle.connection.shutdown()
    expect(idle.told).toEqual(['closed'])
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.connection.shutdown()
    expect([engine.told, engine.connection.free]).toEqual([['sent'], false])
    engine.say(OK)
    expect(engine.told.slice(-2)).toEqual(['end', 'closed'])
  })

  it('by destroy() does not', () => {
    const engine = new Engine()
    engine.ask()
    engine.connection.destroy(RESET)
    engine.connection.destroy(RESET)
    expect(engine.told).toEqual(['failed (no)', `closed, ${RESET.reason}`, 'cut'])
    expect([engine.connection.pull(100), engine.connection.nextTimeout()]).toEqual([undefined, Infinity])
  })

  it('by the owner of the request is told to nobody but the owner of the connection', () => {
    const engine = new Engine()
    const stream = engine.ask()
    engine.sent()
    engine.say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab')
    stream.reset(8)
    stream.reset(8)
    engine.say('cde')
    expect(engine.told.slice(-3)).toEqual(['content ab', 'closed', 'cut'])
  })

  it.each(['more', 'less'])(
    'content of which there is %s than was announced is the owner’s to answer for',
    (which) => {
      const engine = new Engine()
      const stream = engine.ask({ method: 'POST', fields: ['content-length', '3'] }, false)
      engine.sent()
      const give = (): void => (which === 'more' ? stream.write(octets('abcd')) : stream.end())
      expect(give).toThrow(`${which} content than content-length says`)
      expect([engine.sent(), engine.told]).toEqual(['', ['sent']])
    },
  )

  it('trailers that break a rule throw, and nothing of them leaves', () => {
    const engine = new Engine()
    const stream = engine.ask({ method: 'POST' }, false, true)
    expect(() => stream.end(['a', 'b\r\nc: d'])).toThrow(TypeError)
    expect(engine.sent()).not.toContain('c: d')
  })
})

describe('a sink that throws', () => {
  const rows: [line: string, processed: string][] = [
    ['sent', 'unknown'],
    ['103', 'yes'],
    ['200 OK', 'yes'],
    ['data', 'yes'],
  ]
  it.each(rows)('in %j costs the connection and nothing else', (line, processed) => {
    const engine = new Engine()
    const cause = new Error('mine')
    engine.act = (told) => {
      if (told === line) throw cause
    }
    engine.ask()
    engine.sent()
    engine.say(`HTTP/1.1 103 E\r\n\r\n${OK}`)
    expect(engine.told.slice(-3)).toEqual([`failed (${processed})`, 'closed, a sink threw', 'cut'])
    expect(engine.failure?.cause).toBe(cause)
  })

  it('in its failure is told of in a notice', () => {
    const engine = new Engine()
    engine.act = (told) => {
      if (told.startsWith('failed')) throw new Error('mine')
    }
    engine.ask()
    engine.connection.destroy(RESET)
    expect(engine.told).toEqual([
      'failed (no)',
      'a sink threw in onFailure: Error: mine',
      `closed, ${RESET.reason}`,
      'cut',
    ])
  })
})

describe('a sink may act while it is told', () => {
  it.each(['sent', '103', '200 OK', 'data', 'end'])('reset() in %j ends all', (line) => {
    const engine = new Engine()
    engine.act = (told) => {
      if (told === line) engine.stream!.reset(8)
    }
    engine.ask()
    engine.sent()
    engine.say(`HTTP/1.1 103 E\r\n\r\n${CHUNKED}1\r\na\r\n1\r\nb\r\n0\r\nx: y\r\n\r\n`)
    if (line === 'end') expect(engine.told.slice(-2)).toEqual(['end', 'free'])
    else {
      const last = line === 'data' ? 'content a' : line
      expect(engine.told.slice(-3).toSorted()).toEqual(['closed', 'cut', last].toSorted())
    }
  })
})

describe('informational responses (RFC 9110 §15.2)', () => {
  const hint = 'HTTP/1.1 103 E\r\n\r\n'
  const told = (engine: Engine): number => engine.told.filter((line) => line === '103').length

  it('are at most eight at once, of each request', () => {
    const engine = new Engine()
    for (let i = 0; i < 3; i++) {
      engine.ask()
      engine.sent()
      engine.say(hint.repeat(8) + OK)
      expect([told(engine), engine.told.at(-1)]).toEqual([8 * (i + 1), 'free'])
    }
    engine.ask()
    engine.sent()
    engine.say(hint.repeat(9))
    expect(engine.told.slice(-4)).toEqual([
      '103',
      'failed (yes)',
      'closed, more than 8 informational responses (RFC 9110 §15.2)',
      'cut',
    ])
  })

  it('are more with time, and with content that leaves', () => {
    const late = new Engine()
    late.ask()
    late.sent()
    late.say(hint.repeat(8))
    late.now = 1000
    late.say(hint.repeat(10))
    expect(told(late)).toBe(18)
    for (const fields of [['content-length', '40000'], []]) {
      const engine = new Engine()
      const stream = engine.ask({ method: 'POST', fields }, false)
      engine.sent()
      stream.write(new Uint8Array(20 * 1024))
      engine.sent()
      engine.say(hint.repeat(28))
      expect(told(engine)).toBe(28)
      engine.say(hint)
      expect(engine.told.at(-1)).toBe('cut')
    }
  })
})

describe('content that is not consumed (RFC 9112 §9.3)', () => {
  const response = 'HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n'

  it('stops the reading from 256 KiB on, until half of it is', () => {
    const engine = new Engine()
    engine.reads = false
    const stream = engine.ask()
    engine.sent()
    engine.say(response, 'a'.repeat(261_000))
    expect(engine.told).toEqual(['sent', '200 OK'])
    engine.say('a'.repeat(1144))
    expect(engine.told.at(-1)).toBe('hold')
    stream.consume(131_072)
    expect(engine.told.at(-1)).toBe('hold')
    stream.consume(1)
    expect(engine.told.at(-1)).toBe('go on')
    stream.consume(131_071)
    engine.say('a'.repeat(400_000 - 262_144))
    expect(engine.told.slice(2)).toEqual(['hold', 'go on', 'end', 'free'])
  })

  it('does not stop it any more once all has arrived', () => {
    const engine = new Engine()
    engine.reads = false
    engine.ask()
    engine.sent()
    engine.say(response, 'a'.repeat(400_000))
    expect(engine.told.slice(2)).toEqual(['hold', 'go on', 'end', 'free'])
  })
})

describe('content of the request', () => {
  it('is asked for when little of it is left, until its end', () => {
    const engine = new Engine()
    const stream = engine.ask({ method: 'POST', fields: ['content-length', '200000'] }, false)
    stream.write(new Uint8Array(150_000))
    expect(stream.queuedBytes).toBe(150_000)
    for (let i = 0; i < 2; i++) {
      engine.connection.pull(65_536)
      expect([stream.queuedBytes > 65_536, engine.told]).toEqual([true, ['sent']])
    }
    engine.connection.pull(65_536)
    expect([stream.queuedBytes < 65_536, engine.told]).toEqual([true, ['sent', 'writable']])
    stream.write(new Uint8Array(50_000))
    stream.end()
    expect([stream.writable, engine.sent().length > 0, stream.queuedBytes]).toEqual([false, true, 0])
    expect(engine.told).toEqual(['sent', 'writable', 'all sent, 200000'])
  })

  it('that was lent is not given back before the next call, nor is the connection free', () => {
    const engine = new Engine()
    const stream = engine.ask({ method: 'POST', fields: ['content-length', '20000'] }, false)
    engine.sent()
    stream.write(new Uint8Array(20_000))
    stream.end()
    expect(engine.connection.pull(65_536)).toHaveLength(20_000)
    engine.say(OK)
    expect([engine.told.at(-1), stream.queuedBytes]).toEqual(['end', 0])
    expect(engine.connection.pull(65_536)).toBeUndefined()
    expect(engine.told.at(-1)).toBe('free')
  })

  it('is told of once all of it left, whether or not there was any', () => {
    for (const pieces of [[], ['a'], ['a', 'b']]) {
      const engine = new Engine()
      const stream = engine.ask({ method: 'POST' }, false)
      if (pieces.length > 1) engine.sent()
      for (const piece of pieces) stream.write(octets(piece))
      expect(engine.told.some((line) => line.startsWith('all sent'))).toBe(false)
      stream.end()
      engine.sent()
      expect(engine.told.filter((line) => line !== 'writable')).toEqual([
        'sent',
        `all sent, ${pieces.length}`,
      ])
    }
    const none = new Engine()
    none.ask()
    none.sent()
    expect(none.told).toEqual(['sent'])
  })

  it('leaves while the response arrives', () => {
    const engine = new Engine()
    const stream = engine.ask({ method: 'POST' }, false)
    engine.sent()
    engine.say(CHUNKED, '1\r\na\r\n')
    stream.write(octets('b'))
    expect(engine.sent()).toBe('1\r\nb\r\n')
    stream.end()
    expect(engine.sent()).toBe('0\r\n\r\n')
    engine.say('0\r\n\r\n')
    expect(engine.told.slice(-2)).toEqual(['end', 'free'])
  })
})

describe('an idle connection', () => {
  const hinting = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok'

  it('is closed a second before the peer does', () => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.now = 100
    engine.say(hinting)
    expect([engine.connection.nextTimeout(), engine.connection.idleUntil]).toEqual([4100, 4100])
    engine.at(4099)
    expect(engine.connection.free).toBe(true)
    engine.at(4100)
    expect([engine.told.slice(-2), engine.connection.nextTimeout()]).toEqual([['free', 'closed'], Infinity])
  })

  it('is not while it is in use, nor if the peer says nothing of it', () => {
    const engine = new Engine()
    engine.ask()
    engine.sent()
    engine.say(hinting)
    engine.ask()
    engine.sent()
    engine.at(10_000)
    expect(engine.connection.closed).toBe(false)
    engine.say(OK)
    expect(engine.connection.nextTimeout()).toBe(Infinity)
  })

  it('holds no memory for output', () => {
    const engine = new Engine()
    engine.ask()
    const { buffer } = engine.connection.pull(65_536)!
    expect(engine.connection.pull(65_536)).toBeUndefined()
    const other = new Engine()
    other.ask()
    expect(other.connection.pull(65_536)!.buffer).toBe(buffer)
  })
})
