import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { ClientFailure } from '../../../src/client/failure.ts'
import {
  type Attempt,
  checkRetry,
  isIdempotent,
  judge,
  RetryBudget,
  type RetryRules,
  retryDelay,
  statusDelay,
  type Verdict,
} from '../../../src/client/pool/retry-policy.ts'

const RULES = checkRetry(undefined)
const IDEMPOTENT = checkRetry({ idempotent: true })
const OFF = checkRetry(false)

const attempt = (change: Partial<Attempt> = {}): Attempt => ({
  method: 'POST',
  replayable: true,
  resent: 0,
  sent: true,
  ...change,
})

const failure = (change: Partial<ClientFailure> = {}): ClientFailure => ({
  scope: 'stream',
  initiator: 'peer',
  errorCode: 0,
  reason: 'x',
  processed: 'unknown',
  ...change,
})

const REFUSED = failure({ errorCode: 7, processed: 'no' })
const BROKEN = failure({ scope: 'transport', kind: 'CLOSED' })

describe('what becomes of a request that failed unanswered', () => {
  it.each<[string, RetryRules, Attempt, ClientFailure, Verdict]>([
    ['REFUSED_STREAM, any method (RFC 9113 §8.7)', RULES, attempt(), REFUSED, 'safe'],
    ['REFUSED_STREAM for the third time', RULES, attempt({ resent: 2 }), REFUSED, 'safe'],
    ['REFUSED_STREAM for the fourth time', RULES, attempt({ resent: 3 }), REFUSED, 'fail'],
    ['REFUSED_STREAM with retry off', OFF, attempt(), REFUSED, 'fail'],
    ['REFUSED_STREAM, a stream as body', RULES, attempt({ replayable: false }), REFUSED, 'fail'],
    ['above GOAWAY (RFC 9113 §6.8)', RULES, attempt(), failure({ kind: 'GOAWAY', processed: 'no' }), 'safe'],
    [
      'above GOAWAY with an error, first time',
      RULES,
      attempt(),
      failure({ kind: 'GOAWAY', processed: 'no', errorCode: 2 }),
      'safe',
    ],
    [
      'above GOAWAY with an error, again: it may be the request',
      RULES,
      attempt({ resent: 1 }),
      failure({ kind: 'GOAWAY', processed: 'no', errorCode: 2 }),
      'fail',
    ],
    ['never sent', RULES, attempt({ sent: false, resent: 99 }), failure({ processed: 'no' }), 'requeue'],
    ['never sent, with retry off', OFF, attempt({ sent: false }), failure({ processed: 'no' }), 'requeue'],
    [
      'a head larger than the peer takes',
      RULES,
      attempt({ sent: false }),
      failure({ processed: 'no', kind: 'HEADER_LIST_TOO_LARGE' }),
      'fail',
    ],
    [
      'an extended CONNECT that the peer does not know (RFC 8441 §3)',
      RULES,
      attempt({ sent: false }),
      failure({ processed: 'no', kind: 'EXTENDED_CONNECT' }),
      'fail',
    ],
    [
      'given up by the caller',
      IDEMPOTENT,
      attempt({ method: 'GET' }),
      failure({ initiator: 'user', processed: 'no' }),
      'fail',
    ],
    ['the connection broke, GET', RULES, attempt({ method: 'GET' }), BROKEN, 'fail'],
    ['the connection broke, GET, opted in', IDEMPOTENT, attempt({ method: 'GET' }), BROKEN, 'repeat'],
    ['the connection broke, POST, opted in (RFC 9110 §9.2.2)', IDEMPOTENT, attempt(), BROKEN, 'fail'],
    [
      'the connection broke, PATCH, opted in (RFC 9110 §9.2.2)',
      IDEMPOTENT,
      attempt({ method: 'PATCH' }),
      BROKEN,
      'fail',
    ],
    [
      'the connection broke for the fourth time',
      IDEMPOTENT,
      attempt({ method: 'GET', resent: 3 }),
      BROKEN,
      'fail',
    ],
    [
      'PING unanswered, GET, opted in',
      IDEMPOTENT,
      attempt({ method: 'GET' }),
      failure({ scope: 'connection', initiator: 'local', kind: 'TIMEOUT_PING' }),
      'repeat',
    ],
    [
      'RST_STREAM with INTERNAL_ERROR, GET, opted in',
      IDEMPOTENT,
      attempt({ method: 'GET' }),
      failure({ errorCode: 2 }),
      'fail',
    ],
    [
      'response fields arrived',
      IDEMPOTENT,
      attempt({ method: 'GET' }),
      failure({ scope: 'transport', processed: 'yes' }),
      'fail',
    ],
  ])('%s: %s', (_name, rules, tried, failed, verdict) => {
    expect(judge(rules, tried, failed)).toBe(verdict)
  })

  test('a method that is not idempotent is never repeated without proof, whatever else is so', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('POST', 'PATCH', 'CONNECT', 'MERGE', 'get'),
        fc.constantFrom('unknown' as const, 'yes' as const),
        fc.constantFrom('stream' as const, 'connection' as const, 'transport' as const),
        fc.constantFrom('local' as const, 'peer' as const, 'user' as const),
        fc.nat(15),
        fc.boolean(),
        (method, processed, scope, initiator, errorCode, sent) => {
          const failed = failure({ processed, scope, initiator, errorCode })
          return judge(IDEMPOTENT, attempt({ method, sent }), failed) === 'fail'
        },
      ),
    )
  })
})

describe('methods that may be repeated (RFC 9110 §9.2.2)', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])('%s', (method) =>
    expect(isIdempotent(method)).toBe(true),
  )
  it.each(['POST', 'PATCH', 'CONNECT', 'get', ''])('not %s', (method) =>
    expect(isIdempotent(method)).toBe(false),
  )
})

describe('when', () => {
  it.each([
    [0, 0, 0],
    [1, 0.5, 100],
    [1, 0, 80],
    [1, 1, 120],
    [2, 0.5, 400],
    [9, 0.5, 400],
  ])('attempt %i, random %d: %d ms', (resent, random, ms) => {
    expect(retryDelay(resent, random)).toBeCloseTo(ms)
  })
})

describe('statuses that are repeated (RFC 9110 §10.2.3)', () => {
  const rules = checkRetry({ statuses: [429, 503] })
  const now = Date.parse('2030-01-01T00:00:00Z')
  it.each<[string, Attempt, number, string | undefined, number | undefined]>([
    ['503 without retry-after', attempt({ method: 'GET' }), 503, undefined, 100],
    ['429 in two seconds', attempt({ method: 'GET' }), 429, '2', 2_000],
    ['503 at a date', attempt({ method: 'GET' }), 503, 'Tue, 01 Jan 2030 00:00:05 GMT', 5_000],
    ['503 at a date that is past', attempt({ method: 'GET' }), 503, 'Tue, 01 Jan 2019 00:00:05 GMT', 0],
    ['a retry-after that is neither', attempt({ method: 'GET' }), 503, 'soon', 100],
    ['longer than anyone waits', attempt({ method: 'GET' }), 503, '3600', undefined],
    ['a status that was not named', attempt({ method: 'GET' }), 500, undefined, undefined],
    ['a method that is not idempotent', attempt(), 503, '1', undefined],
    [
      'content that cannot be given again',
      attempt({ method: 'PUT', replayable: false }),
      503,
      '1',
      undefined,
    ],
    ['after the last attempt', attempt({ method: 'GET', resent: 3 }), 503, '1', undefined],
  ])('%s', (_name, tried, status, retryAfter, delay) => {
    expect(statusDelay(rules, tried, status, retryAfter, now, 0.5)).toBe(delay)
  })
})

test('the budget: ten at first, one more for every five answers, a hundred at most', () => {
  const budget = new RetryBudget()
  const taken = (): number => {
    let count = 0
    while (budget.take()) count++
    return count
  }
  expect(taken()).toBe(10)
  for (let i = 0; i < 51; i++) budget.earn()
  expect(taken()).toBe(10)
  for (let i = 0; i < 5_000; i++) budget.earn()
  expect(taken()).toBe(100)
})

describe('options', () => {
  it.each<[unknown, typeof TypeError | typeof RangeError, string]>([
    [1, TypeError, 'retry must be an object or false'],
    [true, TypeError, 'retry must be an object or false'],
    [null, TypeError, 'retry must be an object or false'],
    [
      { tries: 1 },
      TypeError,
      'retry.tries is not an option; known are dials, attempts, idempotent, statuses',
    ],
    [{ attempts: -1 }, RangeError, 'retry.attempts must be an integer, 0 or more'],
    [{ attempts: 1.5 }, RangeError, 'retry.attempts must be an integer, 0 or more'],
    [{ idempotent: 1 }, TypeError, 'retry.idempotent must be a boolean'],
    [{ statuses: 503 }, TypeError, 'retry.statuses must be an array of statuses from 400 to 599'],
    [{ statuses: [200] }, TypeError, 'retry.statuses must be an array of statuses from 400 to 599'],
    [{ statuses: [421] }, TypeError, 'retry.statuses must not hold 421: its answer would be the same'],
  ])('%j', (given, kind, message) => {
    expect(() => checkRetry(given as never)).toThrow(new kind(message))
  })
})
