/** SRI §3.3, and `init.integrity` (Fetch §4.1). */
import { createHash } from 'node:crypto'
import { describe, expect, it, test } from 'vitest'
import { matchesIntegrity } from '../../../src/client/fetch/integrity.ts'
import { answering, failure } from './fetch-origins.ts'

const CONTENT = 'hello, SRI ÿ'
const digest = (algorithm: string, content = CONTENT) =>
  `${algorithm}-${createHash(algorithm).update(content).digest('base64')}`
const urlSafe = (text: string) => {
  const [algorithm, ...rest] = text.split('-')
  return `${algorithm}-${rest.join('-').replaceAll('+', '-').replaceAll('/', '_')}`
}
const bytes = new TextEncoder().encode(CONTENT)

describe('metadata', () => {
  it.each<[string, string, boolean]>([
    ['sha256', digest('sha256'), true],
    ['sha384', digest('sha384'), true],
    ['sha512', digest('sha512'), true],
    ['of other content', digest('sha256', 'other'), false],
    ['of another algorithm by name', digest('sha512').replace('sha512', 'sha256'), false],
    ['in capitals', digest('sha256').replace('sha256', 'SHA256'), true],
    ['without padding', digest('sha256').replace(/=+$/, ''), true],
    ['in the alphabet of URLs', urlSafe(digest('sha512')), true],
    ['with an option', `${digest('sha256')}?foo`, true],
    ['with an option, of other content', `${digest('sha256', 'other')}?foo`, false],
    ['one of two', `${digest('sha256', 'other')} ${digest('sha256')}`, true],
    ['the strongest does not match, a weaker does', `${digest('sha256')} ${digest('sha384', 'x')}`, false],
    ['the strongest first', `${digest('sha512', 'x')} ${digest('sha256')}`, false],
    ['the strongest matches, a weaker does not', `${digest('sha256', 'x')}\n${digest('sha512')}`, true],
    ['empty', '', true],
    ['of an algorithm that we do not know', 'md5-AAAA', true],
    ['that names no algorithm', '- sha-256 =', true],
    ['without a digest', 'sha256', false],
    ['with an empty digest', 'sha256-', false],
    ['with padding alone', 'sha256-==', false],
    ['with a digest outside ASCII', 'sha256-\u00e4', false],
    ['with a digest that has more behind it', `${digest('sha256')}\u00e4`, false],
    ['with a digest that has more padding', `${digest('sha256')}==`, false],
    ['that is none, beside one that matches', `sha256-\u00e4 ${digest('sha256')}`, true],
    ['that is none, of a stronger algorithm', `sha512-\u00e4 ${digest('sha256')}`, false],
    ['unknown beside known', `md5-AAAA ${digest('sha256', 'x')}`, false],
  ])('%s', async (_name, metadata, matches) => {
    expect(await matchesIntegrity(bytes, metadata)).toBe(matches)
  })
})

describe('fetch', () => {
  const get = (integrity: string, init = {}) =>
    answering({ body: CONTENT }).fetch('https://a.test/', { integrity, ...init })

  test('gives content that matches, by every reader', async () => {
    const integrity = digest('sha256')
    expect(await (await get(integrity)).text()).toBe(CONTENT)
    expect(await (await get(integrity)).bytes()).toEqual(bytes)
    expect(await new Response((await get(integrity)).body).text()).toBe(CONTENT)
    const response = await get(integrity)
    expect([await response.clone().text(), await response.text()]).toEqual([CONTENT, CONTENT])
  })

  test('fails for content that does not', async () => {
    const error = await failure(get(digest('sha256', 'other')))
    expect([error.constructor, error.message, error.cause?.message]).toEqual([
      TypeError,
      'fetch failed',
      'integrity failed: the content has another digest (SRI §3.3)',
    ])
  })

  test('fails for a response without content', async () => {
    const error = await failure(get(digest('sha256', ''), { method: 'HEAD' }))
    expect(error.cause?.message).toBe('integrity failed: the response has no content (SRI §3.3)')
  })

  test('of a Request', async () => {
    const request = new Request('https://a.test/', { integrity: digest('sha256', 'other') })
    expect((await failure(answering({ body: CONTENT }).fetch(request))).message).toBe('fetch failed')
  })
})
