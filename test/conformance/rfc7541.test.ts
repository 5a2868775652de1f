/** HPACK on the wire (RFC 7541; RFC 9113 §4.3). */
import { expect } from 'vitest'
import { Decoder } from '../../src/hpack/index.ts'
import {
  FieldBlockDecoder,
  huffmanOctets,
  huffmanString,
  incremental,
  indexed,
  integer,
  neverIndexed,
  type ReadBlock,
  sizeUpdate,
  withoutIndexing,
} from '../support/field-blocks.ts'
import {
  CONTINUATION,
  concat,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  PUSH_PROMISE,
  settings,
  settingsAck,
  uint32,
} from '../support/wire.ts'
import { COMPRESSION_ERROR, HEADER_TABLE_SIZE } from './codes.ts'
import type { Peer } from './peer.ts'
import { connectionErrors, rule, type Stage } from './rule.ts'

const status200 = indexed(8)

/** HEADERS with this field block, complete. */
function whole(streamId: number, ...block: readonly Uint8Array[]): Uint8Array {
  return frame(HEADERS, END_HEADERS | END_STREAM, streamId, concat(...block))
}

/** A literal without indexing, its name `x`, its value given as octets. */
function valued(value: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0, 1, 0x78), value)
}

const zeros = (count: number) => new Array(count).fill(0x80)

const BROKEN: readonly (readonly [id: string, what: string, block: Uint8Array])[] = [
  ['L2', 'index 0', indexed(0)],
  ['L3', 'the index behind the static table, the dynamic one being empty', indexed(62)],
  ['L3', 'an index above both tables', indexed(200)],
  ['L3', 'a name index above both tables', withoutIndexing(62, 'v')],
  ['L3', 'a name index above both tables, to be indexed', incremental(62, 'v')],
  ['L3', 'a name index above both tables, never indexed', neverIndexed(62, 'v')],
  ['L4', 'an index of 2³²', integer(2 ** 32, 7, 0x80)],
  ['L4', 'an index of 2⁵³', integer(2 ** 53, 7, 0x80)],
  ['L4', 'a name length of 2³¹', concat(Uint8Array.of(0), integer(2 ** 31, 7))],
  ['L4', 'an index of twenty octets that add nothing', Uint8Array.of(0xff, ...zeros(20), 0)],
  ['L4', 'a table size of twenty octets that add nothing', Uint8Array.of(0x3f, ...zeros(20), 0)],
  [
    'L4',
    'a value length of twenty octets that add nothing',
    valued(concat(Uint8Array.of(0x7f, ...zeros(20), 0), new Uint8Array(127).fill(0x78))),
  ],
  ['L5', 'an index cut short', Uint8Array.of(0xff)],
  ['L5', 'an index cut short in its second octet', Uint8Array.of(0xff, 0x80)],
  ['L5', 'a literal without its name', Uint8Array.of(0x40)],
  ['L5', 'a literal without its value', Uint8Array.of(0x00, 1, 0x78)],
  ['L5', 'a table size update cut short', Uint8Array.of(0x3f)],
  ['L6', 'a name longer than the block', Uint8Array.of(0x00, 2, 0x78)],
  ['L6', 'a value longer than the block', valued(Uint8Array.of(3, 0x78, 0x78))],
  ['L6', 'a Huffman value longer than the block', valued(Uint8Array.of(0x83, 0xff, 0xff))],
  ['L7', 'an octet of padding behind Huffman code', valued(huffmanOctets(0x1f, 0xff))],
  ['L7', 'a Huffman string of padding alone', valued(huffmanOctets(0xff))],
  ['L8', 'Huffman padding of zeros', valued(huffmanOctets(0x18))],
  ['L8', 'Huffman padding with one zero', valued(huffmanOctets(0x1e))],
  ['L9', 'the EOS symbol', valued(huffmanOctets(0xff, 0xff, 0xff, 0xfc))],
  ['L9', 'the EOS symbol behind a character', valued(huffmanOctets(0x1f, 0xff, 0xff, 0xff, 0xff))],
  ['L11', 'a table size update above the limit', concat(sizeUpdate(4097), status200)],
  ['L12', 'a table size update behind a field', concat(status200, sizeUpdate(0))],
  ['L13', 'three table size updates', concat(sizeUpdate(0), sizeUpdate(10), sizeUpdate(20), status200)],
]

connectionErrors([
  ...BROKEN.map(([id, what, block]) => {
    // A size update must stand first to be judged for what it is.
    const first = id === 'L11' || id === 'L13' ? new Uint8Array() : status200
    return [id, what, whole(1, first, block), COMPRESSION_ERROR] as const
  }),
  ['L1', 'a field block that does not decode', whole(1, indexed(0)), COMPRESSION_ERROR],
  ['L1', 'trailers that do not decode', whole(3, indexed(0)), COMPRESSION_ERROR],
  [
    'L19',
    'a field block that ends inside a field at END_HEADERS',
    frame(HEADERS, END_HEADERS, 1, concat(status200, Uint8Array.of(0x00, 4, 0x6e, 0x61))),
    COMPRESSION_ERROR,
  ],
  [
    'L19',
    'a field block that ends inside a field behind its last CONTINUATION',
    concat(
      frame(HEADERS, 0, 1, concat(status200, Uint8Array.of(0x00, 4))),
      frame(CONTINUATION, END_HEADERS, 1, Uint8Array.of(0x6e, 0x61)),
    ),
    COMPRESSION_ERROR,
  ],
])

rule('L1', 'a field block that nobody waits for must decode as well', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.open()
  peer.frames()
  peer.cancel(request)
  peer.frames()
  peer.sends(whole(1, indexed(0)))
  peer.expectConnectionError(COMPRESSION_ERROR)
})

rule('L1', 'so must a promised request', (stage) => {
  const peer = stage.ready({ enablePush: true })
  peer.open()
  peer.frames()
  peer.sends(frame(PUSH_PROMISE, END_HEADERS, 1, concat(uint32(2), indexed(0))))
  peer.expectConnectionError(COMPRESSION_ERROR)
})

/** The fields that arrive for each of these blocks, one response each. */
function fieldsOf(peer: Peer, ...blocks: readonly (readonly Uint8Array[])[]): (readonly string[])[] {
  const requests = blocks.map(() => peer.open())
  const ids = peer.framesOf(HEADERS).map((sent) => sent.streamId)
  return blocks.map((block, i) => {
    peer.sends(whole(ids[i]!, ...block))
    expect(peer.closedWith?.reason).toBeUndefined()
    expect(requests[i]).toMatchObject({ status: 200, ended: true })
    return requests[i]!.fields
  })
}

rule('L4', 'an integer may be longer than it needs to be, within reason', (stage) => {
  const peer = stage.ready()
  const padded = Uint8Array.of(0x3f, 0x81, 0x80, 0x00)
  expect(fieldsOf(peer, [padded, status200, valued(Uint8Array.of(1, 0x79))])).toEqual([['x', 'y']])
})

rule('L10', 'an empty string may be written in Huffman code', (stage) => {
  const peer = stage.ready()
  expect(fieldsOf(peer, [status200, valued(huffmanOctets())])).toEqual([['x', '']])
})

rule('L7', 'up to seven bits of padding are right, whatever the string', (stage) => {
  const peer = stage.ready()
  const texts = ['a', 'ab', 'abc', 'abcd', 'www.example.com', '\xff\x80', '~}|{', '302 no-cache']
  const blocks = texts.map((text) => [status200, valued(huffmanString(text))])
  expect(fieldsOf(peer, ...blocks)).toEqual(texts.map((text) => ['x', text]))
})

rule('L3', 'the last index of both tables is right', (stage) => {
  const peer = stage.ready()
  const added = [incremental('x-a', '1'), incremental('x-b', '2')]
  expect(fieldsOf(peer, [status200, ...added], [status200, indexed(61), indexed(62), indexed(63)])).toEqual([
    ['x-a', '1', 'x-b', '2'],
    ['www-authenticate', '', 'x-b', '2', 'x-a', '1'],
  ])
})

rule('L11', 'a table size update up to the limit is right, from the acknowledgement on', (stage) => {
  const peer = stage.silent({ settings: { headerTableSize: 8192 } })
  peer.sends(settings(), settingsAck)
  peer.frames()
  expect(fieldsOf(peer, [sizeUpdate(8192), status200])).toEqual([[]])
  const early = stage.silent({ settings: { headerTableSize: 8192 } })
  early.open()
  early.frames()
  early.sends(settings(), whole(1, sizeUpdate(8192), status200))
  early.expectConnectionError(COMPRESSION_ERROR)
})

rule('L11', 'a table that was made smaller keeps its limit until then', (stage) => {
  const peer = stage.silent({ settings: { headerTableSize: 100 } })
  peer.sends(settings())
  expect(fieldsOf(peer, [sizeUpdate(4000), status200])).toEqual([[]])
  peer.sends(settingsAck)
  peer.open()
  peer.frames()
  peer.sends(whole(3, sizeUpdate(101), status200))
  peer.expectConnectionError(COMPRESSION_ERROR)
})

rule('L13', 'two table size updates are right', (stage) => {
  const peer = stage.ready()
  expect(fieldsOf(peer, [sizeUpdate(0), sizeUpdate(4096), status200])).toEqual([[]])
})

rule('L12', 'an update empties the table at the place where it stands', (stage) => {
  const peer = stage.ready()
  fieldsOf(peer, [status200, incremental('x-a', '1')], [sizeUpdate(0), sizeUpdate(4096), status200])
  peer.open()
  const [sent] = peer.framesOf(HEADERS)
  peer.sends(whole(sent!.streamId, status200, indexed(62)))
  peer.expectConnectionError(COMPRESSION_ERROR)
})

/** A client that lowered its table to 100 octets, which the peer has acknowledged. */
function lowered(stage: Stage): Peer {
  const peer = stage.ready({ settings: { headerTableSize: 100 } })
  peer.open()
  peer.frames()
  return peer
}

rule('L14', 'a block without the update that our smaller table asks for ends the connection', (stage) => {
  const peer = lowered(stage)
  peer.sends(whole(1, status200))
  peer.expectConnectionError(COMPRESSION_ERROR)
})

rule('L14', 'so does one whose update is too large', (stage) => {
  const peer = lowered(stage)
  peer.sends(whole(1, sizeUpdate(101), status200))
  peer.expectConnectionError(COMPRESSION_ERROR)
})

rule('L14', 'an update to the new size or less is right, and is asked for once', (stage) => {
  const peer = lowered(stage)
  peer.sends(whole(1, sizeUpdate(60), status200))
  expect(peer.requests[0]).toMatchObject({ status: 200, ended: true })
  expect(fieldsOf(peer, [status200], [sizeUpdate(100), status200])).toEqual([[], []])
})

rule('L15', 'an entry larger than the table empties it and is delivered', (stage) => {
  const peer = stage.ready()
  const large = incremental('x-large', 'v'.repeat(5000))
  const [first, second] = fieldsOf(peer, [status200, incremental('x-a', '1')], [status200, large])
  expect([first, second]).toEqual([
    ['x-a', '1'],
    ['x-large', 'v'.repeat(5000)],
  ])
  peer.open()
  const [sent] = peer.framesOf(HEADERS)
  peer.sends(whole(sent!.streamId, status200, indexed(62)))
  peer.expectConnectionError(COMPRESSION_ERROR)
})

rule('L16', 'a name taken from an entry that the new one evicts is still its name', (stage) => {
  const peer = stage.ready()
  const blocks = [
    [status200, incremental('x-name', 'v'.repeat(4000))],
    [status200, incremental(62, 'w'.repeat(3000))],
    [status200, indexed(62)],
  ]
  const fields = fieldsOf(peer, ...blocks)
  expect(fields[1]).toEqual(['x-name', 'w'.repeat(3000)])
  expect(fields[2]).toEqual(fields[1])
})

rule('L17', 'the table may hold the same entry twice', (stage) => {
  const peer = stage.ready()
  const twice = [incremental('x-a', '1'), incremental('x-a', '1')]
  const fields = fieldsOf(peer, [status200, ...twice], [status200, indexed(62), indexed(63)])
  expect(fields[1]).toEqual(['x-a', '1', 'x-a', '1'])
})

rule('L18', 'fields arrive in the order in which they were sent, however they were written', (stage) => {
  const peer = stage.ready()
  const block = [incremental('x-b', '1'), withoutIndexing('x-a', '2'), indexed(62), indexed(24)]
  const fields = fieldsOf(peer, [status200, ...block, neverIndexed('x-b', '3')])
  expect(fields).toEqual([['x-b', '1', 'x-a', '2', 'x-b', '1', 'cache-control', '', 'x-b', '3']])
})

rule('L22', 'a never-indexed literal is delivered, told as such, and enters no table', (stage) => {
  const peer = stage.ready()
  const secret = neverIndexed('x-token', 's3cret')
  expect(fieldsOf(peer, [status200, secret])).toEqual([['x-token', 's3cret']])
  expect(new Decoder().decode(secret)).toEqual([['x-token', 's3cret', true]])
  peer.open()
  const [sent] = peer.framesOf(HEADERS)
  peer.sends(whole(sent!.streamId, status200, indexed(62)))
  peer.expectConnectionError(COMPRESSION_ERROR)
})

// — what we send —

/** The field block of a request that is made now. */
function blockOf(peer: Peer, decoder: FieldBlockDecoder, fields: readonly string[] = []): ReadBlock {
  peer.open({ fields })
  const [sent] = peer.framesOf(HEADERS)
  return decoder.decode(sent!.payload)
}

for (const [sizes, updates] of [
  [[300], [300]],
  [
    [300, 1000],
    [300, 1000],
  ],
  [[1000, 300], [300]],
  [
    [300, 0, 4096],
    [0, 4096],
  ],
  [
    [300, 4096],
    [300, 4096],
  ],
  [[4096], []],
] as const) {
  rule('L20', `behind table sizes ${sizes.join()} a block begins with updates ${updates.join()}`, (stage) => {
    const peer = stage.ready()
    const decoder = new FieldBlockDecoder()
    blockOf(peer, decoder, ['x-a', 'b'])
    for (const size of sizes) {
      peer.sends(settings({ [HEADER_TABLE_SIZE]: size }))
      decoder.setLimit(size)
    }
    expect(blockOf(peer, decoder).sizeUpdates).toEqual(updates)
    expect(blockOf(peer, decoder).sizeUpdates, 'once').toEqual([])
  })
}

for (const [name, value] of [
  ['authorization', 'Bearer 0123456789012345678901234567890123456789'],
  ['proxy-authorization', 'Basic dXNlcjpwYXNzd29yZA=='],
  ['cookie', 'pin=1234'],
] as const) {
  rule('L21', `${name} is written as never indexed, each time`, (stage) => {
    const peer = stage.ready()
    const decoder = new FieldBlockDecoder()
    for (let i = 0; i < 3; i++) {
      const { fields } = blockOf(peer, decoder, [name, value])
      expect(fields.at(-1)).toEqual({ name, value, representation: 'never indexed' })
    }
    expect(decoder.tableOctets, 'only :authority has an entry').toBe(10 + 6 + 32)
  })
}

rule('L21', 'other fields are indexed, so that a request that is repeated shrinks', (stage) => {
  const peer = stage.ready()
  const decoder = new FieldBlockDecoder()
  const fields = ['user-agent', 'conformance', 'cookie', 'session=0123456789012345']
  blockOf(peer, decoder, fields)
  const again = blockOf(peer, decoder, fields)
  expect(again.fields.map((field) => field.representation)).toEqual(new Array(6).fill('indexed'))
})
