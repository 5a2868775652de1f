/** Fault scenarios 75 to 82: RST_STREAM (RFC 9113 §6.4, §8.7). */
import { expect } from 'vitest'
import { data, frame, headers, rstStream } from '../../src/testing/index.ts'
import {
  CANCEL,
  ENHANCE_YOUR_CALM,
  FRAME_SIZE_ERROR,
  HTTP_1_1_REQUIRED,
  INTERNAL_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  scenario,
} from './scenario.ts'

const REFUSED = {
  code: 'H2_STREAM_REFUSED',
  scope: 'stream',
  initiator: 'peer',
  processed: 'no',
  retryable: true,
}

scenario(
  '#75 REFUSED_STREAM once, then 200: proof that nothing was done, and the same again succeeds',
  {},
  async (run) => {
    const refused = run.post('/refused', 'x')
    await run.peer.until(data(1).endStream())
    run.peer.send(rstStream(1, REFUSED_STREAM))
    await run.fails(refused, REFUSED)
    const again = run.post('/again', 'x')
    await run.peer.until(data(3).endStream())
    run.peer.send(headers(3).status(200).endStream())
    await run.answers(again, 200)
  },
)

scenario('#76 REFUSED_STREAM for ever: each request says so, the connection stays', {}, async (run) => {
  for (let streamId = 1; streamId < 20; streamId += 2) {
    const asked = await run.opened()
    run.peer.send(rstStream(streamId, REFUSED_STREAM))
    await run.fails(asked, { ...REFUSED, streamId })
  }
  await run.usable()
  expect(run.tap.dials).toBe(1)
})

scenario(
  '#77 REFUSED_STREAM behind the response head: not to be repeated, the body rejects',
  {},
  async (run) => {
    const asked = await run.opened()
    run.peer.send(headers(1).status(200), data(1, 'some'), rstStream(1, REFUSED_STREAM))
    const { response } = await asked.outcome
    expect(response?.status).toBe(200)
    await run.fails(asked, { errorCode: REFUSED_STREAM, scope: 'stream', processed: 'yes', retryable: false })
    await run.usable()
  },
)

scenario(
  '#78 CANCEL, INTERNAL_ERROR, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, 0xdead: told, a POST is not repeated',
  {
    cases: {
      CANCEL: [CANCEL, 'CANCEL'],
      INTERNAL_ERROR: [INTERNAL_ERROR, 'INTERNAL_ERROR'],
      ENHANCE_YOUR_CALM: [ENHANCE_YOUR_CALM, 'ENHANCE_YOUR_CALM'],
      PROTOCOL_ERROR: [PROTOCOL_ERROR, 'PROTOCOL_ERROR'],
      '0xdead': [0xdead, 'UNKNOWN(0xdead)'],
    } as const,
  },
  async (run, [errorCode, errorName]) => {
    const asked = run.post('/once', 'x')
    await run.peer.until(data(1).endStream())
    run.peer.send(rstStream(1, errorCode))
    const like = { code: 'H2_STREAM_RESET', errorCode, errorName, initiator: 'peer', processed: 'unknown' }
    await run.fails(asked, { ...like, retryable: false, streamId: 1 })
    await run.usable()
    expect(run.peer.executions('POST')).toBe(1)
  },
)

scenario('#79 HTTP_1_1_REQUIRED: told by name', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(rstStream(1, HTTP_1_1_REQUIRED))
  await run.fails(asked, { errorName: 'HTTP_1_1_REQUIRED', scope: 'stream', initiator: 'peer' })
  await run.usable()
})

scenario(
  '#80 RST_STREAM on an idle stream: C:PROTOCOL_ERROR; of 5 octets: C:FRAME_SIZE_ERROR',
  {
    cases: {
      idle: [rstStream(5, CANCEL), PROTOCOL_ERROR],
      '5 octets': [frame(3, 0, 1, '\0\0\0\0\0'), FRAME_SIZE_ERROR],
    } as const,
  },
  async (run, [bad, errorCode]) => {
    await run.opened()
    run.peer.send(bad)
    await run.connectionError(errorCode)
  },
)

scenario('#80 RST_STREAM twice: the second is ignored', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(rstStream(1, CANCEL), rstStream(1, INTERNAL_ERROR))
  await run.fails(asked, { errorCode: CANCEL })
  await run.usable()
})

scenario('#80 RST_STREAM behind END_STREAM: ignored', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(headers(1).status(200), data(1, 'whole').endStream(), rstStream(1, INTERNAL_ERROR))
  await run.answers(asked, 200, 'whole')
  await run.usable()
})

scenario(
  '#81 RST_STREAM while a body is half read: what came is read first, the window is refunded',
  {},
  async (run) => {
    let told!: () => void
    const reset = new Promise<void>((resolve) => {
      told = resolve
    })
    let read = ''
    const asked = run.request('GET', '/', {}, async (response) => {
      while (read.length < 4) read += String.fromCharCode(...(await response.read(4 - read.length)))
      await reset
      for (;;) read += String.fromCharCode(...(await response.read(4)))
    })
    await run.peer.until(headers(1))
    run.peer.send(headers(1).status(200), data(1, 'abcdefgh'))
    await run.peer.sync()
    run.peer.send(rstStream(1, INTERNAL_ERROR))
    await run.peer.sync()
    told()
    await run.fails(asked, { errorCode: INTERNAL_ERROR, processed: 'yes', retryable: false })
    expect(read).toBe('abcdefgh')
    await run.usable()
  },
)

scenario('#82 RST_STREAM on every stream: bounded, each request is told', { huge: true }, async (run) => {
  for (let round = 0; round < 10; round++) {
    const asked = Array.from({ length: 50 }, () => run.get())
    const first = 100 * round + 1
    await run.peer.until(headers(first + 98))
    run.peer.send(...asked.map((_, i) => rstStream(first + 2 * i, CANCEL)))
    for (const each of asked) await run.fails(each, { errorCode: CANCEL, processed: 'unknown' })
  }
  expect(run.conn.stats.streamsOpen).toBe(0)
  await run.usable()
})
