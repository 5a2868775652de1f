import { describe, expect, test } from 'vitest'
import { isWithin, parseAddress } from '../../../src/client/pool/ip-address.ts'

describe('an address', () => {
  test.each<[string, number[] | undefined]>([
    ['10.0.0.1', [10, 0, 0, 1]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['256.0.0.1', undefined],
    ['10.0.0.01', undefined],
    ['10.0.0', undefined],
    ['a.test', undefined],
    ['', undefined],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['::', new Array(16).fill(0)],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['FE80::00aB', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab]],
    ['fe80::', [0xfe, 0x80, ...new Array(14).fill(0)]],
    ['::ffff:10.0.0.1', [10, 0, 0, 1]],
    ['::ffff:a00:1', [10, 0, 0, 1]],
    ['fe80::1%eth0', undefined],
    ['1::2::3', undefined],
    ['x]@:y', undefined],
  ])('%s', (text, octets) => {
    expect(parseAddress(text)).toEqual(octets)
  })

  test.each<[string, string, number | undefined, boolean]>([
    ['10.1.3.4', '10.1.2.0', 23, true],
    ['10.1.4.4', '10.1.2.0', 23, false],
    ['10.1.2.3', '10.1.2.3', undefined, true],
    ['10.1.2.3', '10.1.2.2', undefined, false],
    ['10.1.2.3', '192.0.2.1', 0, true],
    ['10.1.2.3', '10.1.2.3', 33, false],
    ['10.1.2.3', '::', 0, false],
    ['::1', '0.0.0.0', 0, false],
  ])('%s within %s/%s: %s', (address, network, bits, within) => {
    expect(isWithin(parseAddress(address)!, parseAddress(network)!, bits)).toBe(within)
  })
})
