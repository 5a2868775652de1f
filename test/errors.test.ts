import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { H2Error, type H2ErrorCode } from '../src/errors.ts'

/** Every code: the compiler sees to it that none is missing and none is made up. */
const CODES: Readonly<Record<H2ErrorCode, true>> = {
  H2_DNS: true,
  H2_CONNECT: true,
  H2_PROXY: true,
  H2_TLS: true,
  H2_TLS_INADEQUATE: true,
  H2_ALPN: true,
  H2_GOAWAY: true,
  H2_CONNECTION_CLOSED: true,
  H2_CONNECTION_ERROR: true,
  H2_CLIENT_CLOSED: true,
  H2_STREAM_REFUSED: true,
  H2_STREAM_RESET: true,
  H2_STREAM_CANCELLED: true,
  H2_STREAM_ERROR: true,
  H2_TIMEOUT_CONNECT: true,
  H2_TIMEOUT_TLS: true,
  H2_TIMEOUT_QUEUE: true,
  H2_TIMEOUT_HEADERS: true,
  H2_TIMEOUT_BODY: true,
  H2_TIMEOUT_TOTAL: true,
  H2_TIMEOUT_DRAIN: true,
  H2_TIMEOUT_CLOSE: true,
  H2_TIMEOUT_PING: true,
  H2_TIMEOUT_PREFACE: true,
  H2_TIMEOUT_SETTINGS: true,
  H2_BODY: true,
  H2_DECODE: true,
  H2_DECODED_TOO_LARGE: true,
  H2_UNREAD_TOO_LARGE: true,
  H2_HEADER_LIST_TOO_LARGE: true,
  H2_EXTENDED_CONNECT: true,
  H2_FETCH: true,
  H2_STREAM_IDS_EXHAUSTED: true,
}

describe('the guide to errors', () => {
  const guide = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')

  it('has one row for each code, with when and whether to send again', () => {
    const rows = [...guide.matchAll(/^\| `(H2_\w+)` \| (.+) \| (.+) \|$/gm)]
    expect(rows.map(([, code]) => code).sort()).toEqual(Object.keys(CODES).sort())
    for (const [, , when, again] of rows) expect([when!.trim(), again!.trim()]).not.toContain('')
  })

  it('describes each property', () => {
    const facts = { code: 'H2_TLS', scope: 'transport', initiator: 'peer', errorCode: 2 } as const
    const error = new H2Error('TLS failed: so', {
      ...facts,
      errorName: 'INTERNAL_ERROR',
      cause: new Error('x'),
    })
    for (const name of Object.getOwnPropertyNames(error)) {
      if (name !== 'stack' && name !== 'name') expect(guide).toContain(`\`${name}\``)
    }
  })
})
