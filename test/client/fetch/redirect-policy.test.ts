/** Fetch §4.4, as data. */
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  goesAlong,
  isRedirect,
  MAX_REDIRECTS,
  type RedirectedRequest,
  redirectVerdict,
} from '../../../src/client/fetch/redirect-policy.ts'

const request = (more: Partial<RedirectedRequest> = {}): RedirectedRequest => ({
  url: new URL('https://a.test/dir/file?q#part'),
  method: 'GET',
  body: 'none',
  redirect: 'follow',
  followed: 0,
  staysInOrigin: false,
  ...more,
})

/** What a redirect leads to, in one line. */
function shown(more: Partial<RedirectedRequest>, status: number, location: string | undefined): string {
  const verdict = redirectVerdict(request(more), status, location)
  if (verdict.kind === 'respond') return 'respond'
  if (verdict.kind === 'refuse') return `refuse: ${verdict.reason}`
  const { url, method, keepsBody, crossesOrigin } = verdict
  return [method, url.href, keepsBody ? 'body' : 'no body', ...(crossesOrigin ? ['crosses'] : [])].join(' ')
}

test('redirect statuses (Fetch §2.2.3)', () => {
  const statuses = Array.from({ length: 800 }, (_, i) => i + 200).filter(isRedirect)
  expect(statuses).toEqual([301, 302, 303, 307, 308])
})

describe('method and body (Fetch §4.4)', () => {
  const cases: [number, string, string, string][] = []
  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'patch']) {
      const rewritten =
        status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST'
      cases.push([status, method, rewritten ? 'GET' : method, rewritten ? 'no body' : 'body'])
    }
  }
  it.each(cases)('%i of %s becomes %s with %s', (status, method, becomes, body) => {
    expect(shown({ method }, status, '/to')).toBe(`${becomes} https://a.test/to#part ${body}`)
  })
})

describe('location (Fetch §2.2.6)', () => {
  it.each([
    ['an absolute path', '/to', 'https://a.test/to#part'],
    ['a relative path', 'to', 'https://a.test/dir/to#part'],
    ['a query', '?to', 'https://a.test/dir/file?to#part'],
    ['nothing but a fragment', '#to', 'https://a.test/dir/file?q#to'],
    ['a fragment of its own', '/to#mine', 'https://a.test/to#mine'],
    ['an empty fragment of its own', '/to#', 'https://a.test/to#'],
    ['an empty value', '', 'https://a.test/dir/file?q#part'],
    ['UTF-8', Buffer.from('/é€').toString('latin1'), 'https://a.test/%C3%A9%E2%82%AC#part'],
  ])('%s', (_name, location, url) => {
    expect(shown({}, 302, location)).toBe(`GET ${url} body`)
  })

  it.each([
    ['another host', 'https://b.test/', 'https://b.test/#part'],
    ['another port', 'https://a.test:444/', 'https://a.test:444/#part'],
    ['another scheme', 'http://a.test/', 'http://a.test/#part'],
    ['no scheme', '//b.test/x', 'https://b.test/x#part'],
  ])('%s crosses origins', (_name, location, url) => {
    expect(shown({}, 302, location)).toBe(`GET ${url} body crosses`)
  })

  it('the default port is no other origin', () => {
    expect(shown({}, 302, 'https://A.test:443/')).toBe('GET https://a.test/#part body')
  })

  it('none at all leaves the response to the caller', () => {
    expect(shown({}, 302, undefined)).toBe('respond')
  })

  it.each([
    ['no URL', 'https://', 'location is not a URL'],
    ['data:', 'data:,x', 'location leads to data:, which is not http: or https:'],
    ['file:', 'file:///etc/passwd', 'location leads to file:, which is not http: or https:'],
    ['a user', 'https://u@a.test/', 'location holds a user or password'],
    ['a password', 'https://:p@b.test/', 'location holds a user or password'],
  ])('%s is refused', (_name, location, reason) => {
    expect(shown({}, 302, location)).toBe(`refuse: ${reason}`)
  })
})

describe('what stands in the way', () => {
  it.each<[string, Partial<RedirectedRequest>, number, string]>([
    ['mode manual', { redirect: 'manual' }, 302, 'respond'],
    ['mode error', { redirect: 'error' }, 302, 'refuse: a redirect where init.redirect is "error"'],
    ['20 redirects before', { followed: 20 }, 302, 'refuse: more than 20 redirects'],
    ['19 redirects before', { followed: 19 }, 302, 'GET https://b.test/#part body crosses'],
    [
      'mode same-origin',
      { staysInOrigin: true },
      302,
      'refuse: location leaves the origin (mode "same-origin")',
    ],
    [
      'a stream and 307',
      { method: 'POST', body: 'stream' },
      307,
      'refuse: the body is a stream, which cannot be sent again',
    ],
    [
      'a stream and 302, though its body is dropped',
      { method: 'POST', body: 'stream' },
      302,
      'refuse: the body is a stream, which cannot be sent again',
    ],
    [
      'not a stream and 303',
      { method: 'POST', body: 'stream' },
      303,
      'GET https://b.test/#part no body crosses',
    ],
    [
      'a stream and 303 that keeps the method',
      { method: 'GET', body: 'stream' },
      303,
      'refuse: the body is a stream, which cannot be sent again',
    ],
    [
      'not a body that can be sent again',
      { method: 'POST', body: 'replayable' },
      307,
      'POST https://b.test/#part body crosses',
    ],
  ])('%s', (_name, more, status, expected) => {
    expect(shown(more, status, 'https://b.test/')).toBe(expected)
  })

  it('mode error refuses a redirect without location, too', () => {
    expect(shown({ redirect: 'error' }, 302, undefined)).toMatch(/^refuse/)
  })
})

describe('which fields go along', () => {
  it.each([
    ['authorization', true, true, false],
    ['proxy-authorization', true, true, false],
    ['cookie', true, true, false],
    ['host', true, true, false],
    ['authorization', false, false, true],
    ['cookie', false, false, true],
    ['content-type', false, false, false],
    ['content-length', false, false, false],
    ['content-encoding', false, false, false],
    ['content-language', false, false, false],
    ['content-location', false, false, false],
    ['content-type', true, true, true],
    ['accept', false, true, true],
    ['x-own', false, true, true],
  ])('%s, body kept %s, origin crossed %s: %s', (name, keepsBody, crossesOrigin, goes) => {
    expect(goesAlong(name, keepsBody, crossesOrigin)).toBe(goes)
  })
})

describe('whatever the peer says', () => {
  const requests = fc.record<RedirectedRequest>({
    url: fc.webUrl({ withFragments: true, withQueryParameters: true }).map((url) => new URL(url)),
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'patch'),
    body: fc.constantFrom('none', 'replayable', 'stream'),
    redirect: fc.constantFrom('follow', 'error', 'manual'),
    followed: fc.nat(25),
    staysInOrigin: fc.boolean(),
  })
  const locations = fc.oneof(
    fc.webUrl({ withFragments: true }),
    fc.webPath(),
    fc.string({ unit: 'binary-ascii' }),
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
    fc.constantFrom('javascript:1', 'data:,', 'https://u:p@a.test/', '//', 'blob:x', 'http://[', undefined),
  )
  const statuses = fc.constantFrom(301, 302, 303, 307, 308)

  test('a request that is followed is one that may be', () => {
    fc.assert(
      fc.property(requests, statuses, locations, (from, status, location) => {
        const verdict = redirectVerdict(from, status, location)
        if (verdict.kind !== 'follow') return
        const { url, method, keepsBody, crossesOrigin } = verdict
        expect(from.redirect).toBe('follow')
        expect(from.followed).toBeLessThan(MAX_REDIRECTS)
        expect(['http:', 'https:']).toContain(url.protocol)
        expect(url.username + url.password).toBe('')
        expect(crossesOrigin).toBe(url.origin !== from.url.origin)
        expect(crossesOrigin && from.staysInOrigin).toBe(false)
        expect(keepsBody && from.body === 'stream').toBe(false)
        if (keepsBody) expect(method).toBe(from.method)
        else expect(method).toBe('GET')
        if (status >= 307) expect(keepsBody).toBe(true)
        if (!location!.includes('#')) expect(url.hash).toBe(from.url.hash)
      }),
    )
  })

  test('the answer depends on nothing but the question, and changes none of it', () => {
    fc.assert(
      fc.property(requests, statuses, locations, (from, status, location) => {
        const before = JSON.stringify(from)
        const first = JSON.stringify(redirectVerdict(from, status, location))
        expect(JSON.stringify(redirectVerdict(from, status, location))).toBe(first)
        expect(JSON.stringify(from)).toBe(before)
      }),
    )
  })
})
