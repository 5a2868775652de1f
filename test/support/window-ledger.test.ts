/** The ledger notices each way to lose credit or to make it: books that are wrong by one entry do not balance. */
import { describe, expect, test } from 'vitest'
import type { WindowManager } from '../../src/protocol/index.ts'
import { OnConsumption } from '../protocol/on-consumption.ts'
import { WindowLedger } from './window-ledger.ts'
import { concat, data, PREFACE, paddedData, settings, windowUpdate } from './wire.ts'

type Make = (size: number) => WindowManager

/** An engine's part of the books, done by hand: 10 octets and 4 of padding arrive on stream 1, and 6 are taken. */
class Hand {
  readonly ledger = new WindowLedger(true)
  readonly managers = this.ledger.managers(OnConsumption) as { connection: Make; stream: Make }
  readonly connection = this.managers.connection(65_535)
  stream!: WindowManager

  arrive(): void {
    this.ledger.clientSent(concat(PREFACE, settings({ 4: 1000 })))
    this.ledger.opened(1)
    this.ledger.peerSent(paddedData(1, 'ten octets', 3))
    this.charge()
    this.ledger.given(1, 10)
  }

  charge(): void {
    this.#move(this.connection, -14)
    this.stream = this.managers.stream(1000)
    this.#move(this.stream, -14)
    this.connection.onDataConsumed(14)
    this.stream.onDataConsumed(4)
  }

  take(stream = 6): void {
    this.ledger.taken(1, 6)
    this.stream.onDataConsumed(stream)
  }

  announce(connection = 14, stream = 10): void {
    this.ledger.clientSent(concat(windowUpdate(0, connection), windowUpdate(1, stream)))
    this.stream.windowSize += stream
  }

  #move(manager: WindowManager, by: number): void {
    manager.windowSize += by
    if (by < 0) manager.onDataReceived(-by)
  }

  faults(recvWindow = 65_535, sendWindow = 65_535): string[] {
    this.ledger.checkDrained(recvWindow, sendWindow)
    return this.ledger.faults
  }
}

test('books that are right balance', () => {
  const hand = new Hand()
  hand.arrive()
  hand.take()
  hand.announce()
  expect(hand.faults()).toEqual([])
  hand.ledger.dropped(1)
  expect(hand.faults(65_535)).toEqual([])
})

const wrong: [what: string, play: (hand: Hand) => void, fault: string][] = [
  [
    'credit that the connection forgets',
    (hand) => hand.connection.onDataReceived(5),
    'connection: 5 octets are not credited',
  ],
  [
    'credit that the connection has twice',
    (hand) => hand.connection.onDataConsumed(2),
    'connection: -2 octets are not credited',
  ],
  [
    'credit that a stream forgets',
    (hand) => hand.take(0),
    'stream 1: 10 octets are not credited, 4 are held',
  ],
  ['content that is kept back', (hand) => hand.ledger.given(1, -1), '10 octets came, 9 given, 0 in flight'],
  ['content given twice', (hand) => hand.ledger.given(1, 10), '10 octets came, 20 given, 0 in flight'],
  [
    'a frame that nobody charged',
    (hand) => hand.ledger.peerSent(data(1, 'x')),
    'a frame of 1 octets was not charged',
  ],
  [
    'a charge without a frame',
    (hand) => hand.connection.onDataReceived(1),
    'charged to the connection, where',
  ],
  [
    'a stream charged for nothing',
    (hand) => hand.stream.onDataReceived(3),
    '3 octets charged to stream 1, which',
  ],
  [
    'a window that SETTINGS did not announce',
    (hand) => hand.managers.stream(999),
    'a window of 999 where SETTINGS',
  ],
  [
    'credit for a stream without a window',
    (hand) => hand.ledger.clientSent(windowUpdate(3, 1)),
    'credit for stream 3',
  ],
  [
    'more announced than granted',
    (hand) => hand.announce(15),
    'connection: 15 octets announced of 14 granted',
  ],
  [
    'less announced than granted',
    (hand) => hand.announce(13, 4),
    'connection: 13 octets announced, though 14 are',
  ],
  [
    'less announced to a stream',
    (hand) => hand.announce(14, 3),
    'stream 1: 3 octets announced, though 4 are',
  ],
  ['more announced to a stream', (hand) => hand.announce(14, 5), 'stream 1: 5 octets announced of 4 granted'],
]

describe('the ledger notices', () => {
  test.each(wrong)('%s', (_, play, fault) => {
    const hand = new Hand()
    hand.arrive()
    play(hand)
    expect(hand.faults(hand.ledger.window)).toEqual(expect.arrayContaining([expect.stringContaining(fault)]))
  })

  test("what the engine's own numbers say besides", () => {
    const hand = new Hand()
    hand.arrive()
    hand.announce(14, 4)
    hand.stream.windowSize += 1
    expect(hand.faults(65_536, 65_534)).toEqual([
      'connection: the peer may send 65535 octets, the engine says 65536',
      'connection: we may send 65535 octets, the engine says 65534',
      'stream 1: the peer may send 990 octets, the engine says 991',
    ])
  })
})
