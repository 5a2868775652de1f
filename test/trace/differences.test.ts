/** What changed between two recordings of the same requests. */
import { expect, it } from 'vitest'
import { differencesOf, differenceTable } from '../../src/trace/index.ts'
import { TapedPeer } from './taped-peer.ts'

function recorded(ms: number, octets: number, ...paths: readonly string[]): TapedPeer {
  const peer = new TapedPeer()
  for (const [i, path] of paths.entries()) {
    const stream = i * 2 + 1
    peer.call(stream, 'GET', path).open(stream, true, 'GET', path).wait(ms).respond(stream)
    peer.content(stream, octets, true).settle(stream)
  }
  return peer
}

it('requests belong together by method and path, in their order', () => {
  const before = recorded(10, 5, '/a', '/b', '/a').recording().stalls()
  const after = recorded(20, 5, '/a', '/a', '/c').recording().stalls()
  const differences = differencesOf(before, after)
  expect(differences.map(({ path, changed }) => [path, changed])).toEqual([
    ['/a', false],
    ['/b', true],
    ['/a', false],
    ['/c', true],
  ])
  expect(differences[1]!.after).toBeUndefined()
  expect(differences[3]!.before).toBeUndefined()
  expect(differences[0]).toMatchObject({ before: { ms: 10, status: 200, octets: 5 }, after: { ms: 20 } })
})

it('the table says what changed', () => {
  const before = recorded(10, 5, '/a').recording().stalls()
  const after = recorded(30, 9, '/a').recording().stalls()
  expect(differenceTable(differencesOf(before, after)).split('\n')).toEqual([
    '   method  path  status  octets  hash  ms',
    '≠  GET     /a    200     5 → 9   –     10.0 → 30.0',
  ])
})
