import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { type ChooseProxy, checkProxyOption } from '../../../src/client/pool/proxy-choice.ts'

const NAMES = ['https_proxy', 'http_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
])

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
    [{ https_proxy: '', HTTPS_PROXY: 'http://p:1' }, 'https://a.test/', 'http://p:1/'],
    [{ https_proxy: '', HTTPS_PROXY: '', ALL_PROXY: '' }, 'https://a.test/', undefined],
    [{ https_proxy: 'http://p:1', no_proxy: '', NO_PROXY: 'a.test' }, 'https://a.test/', undefined],
    [{ https_proxy: 'p:1' }, 'https://a.test/', 'http://p:1/'],
    [{ https_proxy: 'http://u:s3@p:1' }, 'https://a.test/', 'http://u:s3@p:1/'],
    [{ https_proxy: 'http://p:1', no_proxy: 'a.test' }, 'https://a.test/', undefined],
  ])('%j for %s: %s', (variables, url, proxy) => {
    Object.assign(process.env, variables)
    expect(choose(new URL(url))).toBe(proxy)
  })
})

test('a variable that names no HTTP proxy is named in the error', () => {
  process.env.all_proxy = 'socks5://u:s3cret@p:1080'
  try {
    const choose = checkProxyOption('env') as ChooseProxy
    expect(() => choose(new URL('http://a.test/'))).toThrow(
      /^all_proxy must be an http: or https: URL, SOCKS is not spoken$/,
    )
  } finally {
    delete process.env.all_proxy
  }
})

test('a function may choose none; what it chooses is checked, and never quoted', () => {
  const choose = (value: unknown) =>
    (checkProxyOption(() => value as string) as ChooseProxy)(new URL('https://a.test/'))
  expect(choose(undefined)).toBe(undefined)
  expect(choose(null)).toBe(undefined)
  expect(choose(new URL('http://p:1'))).toBe('http://p:1/')
  expect(() => choose('ftp://u:s3cret@p')).toThrow(/^proxy must be an http: or https: URL$/)
  expect(() => choose('socks5h://u:s3cret@p')).toThrow(
    /^proxy must be an http: or https: URL, SOCKS is not spoken$/,
  )
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
