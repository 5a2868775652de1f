import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { type ChooseProxy, checkProxyOption, isExcepted } from '../../../src/client/pool/proxy-choice.ts'

const NAMES = ['https_proxy', 'http_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
])

describe('no_proxy', () => {
  it.each<[string, string, boolean]>([
    ['', 'https://a.test/', false],
    ['*', 'https://a.test/', true],
    ['a.test', 'https://a.test/', true],
    ['A.TEST', 'https://a.test/', true],
    ['a.test', 'https://b.a.test/', true],
    ['.a.test', 'https://b.a.test/', true],
    ['.a.test', 'https://a.test/', true],
    ['*.a.test', 'https://b.a.test/', true],
    ['a.test', 'https://ba.test/', false],
    ['b.test, a.test', 'https://a.test/', true],
    ['b.test a.test', 'https://a.test/', true],
    ['a.test:443', 'https://a.test/', true],
    ['a.test:8443', 'https://a.test/', false],
    ['a.test:8443', 'https://a.test:8443/', true],
    ['a.test:80', 'http://a.test/', true],
    ['127.0.0.1', 'http://127.0.0.1:3000/', true],
    ['::1', 'http://[::1]:3000/', true],
    ['[::1]', 'http://[::1]:3000/', true],
    ['[::1]:3000', 'http://[::1]:3000/', true],
    ['[::1]:3001', 'http://[::1]:3000/', false],
    ['test', 'https://a.test/', true],
    [',, ,', 'https://a.test/', false],
  ])('%j and %s: %s', (noProxy, url, excepted) => {
    expect(isExcepted(new URL(url), noProxy)).toBe(excepted)
  })
})

describe("proxy: 'env'", () => {
  const before = new Map<string, string | undefined>()
  beforeEach(() => {
    for (const name of NAMES) {
      before.set(name, process.env[name])
      delete process.env[name]
    }
  })
  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  const choose = checkProxyOption('env') as ChooseProxy

  it.each<[Record<string, string>, string, string | undefined]>([
    [{}, 'https://a.test/', undefined],
    [{ https_proxy: 'http://p:1' }, 'https://a.test/', 'http://p:1/'],
    [{ https_proxy: 'http://p:1' }, 'http://a.test/', undefined],
    [{ http_proxy: 'http://p:1' }, 'http://a.test/', 'http://p:1/'],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://a.test/', 'http://p:1/'],
    [{ https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' }, 'https://a.test/', 'http://low:1/'],
    [{ all_proxy: 'http://p:1' }, 'http://a.test/', 'http://p:1/'],
    [{ https_proxy: '', all_proxy: 'http://p:1' }, 'https://a.test/', 'http://p:1/'],
    [{ https_proxy: 'p:1' }, 'https://a.test/', 'http://p:1/'],
    [{ https_proxy: 'http://u:s3@p:1' }, 'https://a.test/', 'http://u:s3@p:1/'],
    [{ https_proxy: 'http://p:1', no_proxy: 'a.test' }, 'https://a.test/', undefined],
  ])('%j for %s: %s', (variables, url, proxy) => {
    Object.assign(process.env, variables)
    expect(choose(new URL(url))).toBe(proxy)
  })
})

test('a function may choose none; what it chooses is checked, and never quoted', () => {
  const choose = (value: unknown) =>
    (checkProxyOption(() => value as string) as ChooseProxy)(new URL('https://a.test/'))
  expect(choose(undefined)).toBe(undefined)
  expect(choose(null)).toBe(undefined)
  expect(choose(new URL('http://p:1'))).toBe('http://p:1/')
  expect(() => choose('socks://u:s3cret@p')).toThrow(/^proxy must be an http: or https: URL$/)
})

test('HTTP_PROXY is not trusted where a gateway makes it of what clients send', () => {
  process.env.HTTP_PROXY = 'http://p.test:1'
  const choose = checkProxyOption('env') as ChooseProxy
  expect(choose(new URL('http://a.test/'))).toBe('http://p.test:1/')
  process.env.REQUEST_METHOD = 'GET'
  try {
    expect(choose(new URL('http://a.test/'))).toBeUndefined()
  } finally {
    delete process.env.REQUEST_METHOD
  }
})

test('a proxy with a name of another alphabet is one, however often it is asked for', () => {
  const choose = checkProxyOption(() => 'http://prox\u00e9.test:1') as ChooseProxy
  for (let i = 0; i < 20_000; i++)
    expect(choose(new URL('http://a.test/'))).toBe('http://xn--prox-epa.test:1/')
})
