import { describe } from 'vitest'
import { check, failed } from './parser-table.ts'

describe('DATA', () => {
  check([
    ['content (RFC 9113 §6.1)', '000003 00 00 00000001 616263', ['dataStart 1 3 0', 'data 1 616263']],
    [
      'END_STREAM (RFC 9113 §6.1)',
      '000003 00 01 00000001 616263',
      ['dataStart 1 3 0', 'data 1 616263 END_STREAM'],
    ],
    ['empty (RFC 9113 §6.1)', '000000 00 01 00000001', ['dataStart 1 0 0', 'data 1  END_STREAM']],
    [
      'several frames in a row (RFC 9113 §4.1)',
      '000001 00 00 00000001 61 000000 00 00 00000003 000002 00 01 00000001 6263',
      [
        ...['dataStart 1 1 0', 'data 1 61'],
        ...['dataStart 3 0 0', 'data 3 '],
        ...['dataStart 1 2 0', 'data 1 6263 END_STREAM'],
      ],
    ],
    [
      'padding is cut off and counted (RFC 9113 §6.1)',
      '000007 00 08 00000001 03 616263 000000',
      ['dataStart 1 7 4', 'data 1 616263'],
    ],
    [
      'padding that is not zero is let pass (RFC 9113 §6.1)',
      '000004 00 09 00000001 02 61 ffff',
      ['dataStart 1 4 3', 'data 1 61 END_STREAM'],
    ],
    [
      'padding of one frame is not that of the next (RFC 9113 §6.1)',
      '000007 00 08 00000001 03 616263 000000 000003 00 00 00000001 646566',
      ['dataStart 1 7 4', 'data 1 616263', 'dataStart 1 3 0', 'data 1 646566'],
    ],
    ['Pad Length 0 (RFC 9113 §6.1)', '000002 00 08 00000001 00 61', ['dataStart 1 2 1', 'data 1 61']],
    ['Pad Length 0, no content (RFC 9113 §6.1)', '000001 00 08 00000001 00', ['dataStart 1 1 1', 'data 1 ']],
    [
      'padding that leaves no content (RFC 9113 §6.1)',
      '000004 00 08 00000001 03 000000',
      ['dataStart 1 4 4', 'data 1 '],
    ],
    [
      'padding as long as the payload (RFC 9113 §6.1)',
      '000004 00 08 00000001 04 000000',
      failed('PROTOCOL_ERROR', 'DATA padding as long as its payload or longer (RFC 9113 §6.1)'),
    ],
    [
      'padding longer than the payload (RFC 9113 §6.1)',
      '000004 00 08 00000001 ff 000000',
      failed('PROTOCOL_ERROR', 'DATA padding as long as its payload or longer (RFC 9113 §6.1)'),
    ],
    [
      'PADDED without a Pad Length (RFC 9113 §4.2)',
      '000000 00 08 00000001',
      failed('FRAME_SIZE_ERROR', 'DATA too short for its Pad Length (RFC 9113 §6.1)'),
    ],
    [
      'stream 0 (RFC 9113 §6.1)',
      '000001 00 00 00000000 61',
      failed('PROTOCOL_ERROR', 'DATA on stream 0 (RFC 9113 §6.1)'),
    ],
    ['undefined flags (RFC 9113 §4.1)', '000001 00 f6 00000001 61', ['dataStart 1 1 0', 'data 1 61']],
    [
      'reserved bit of the stream identifier (RFC 9113 §4.1)',
      '000001 00 00 80000001 61',
      ['dataStart 1 1 0', 'data 1 61'],
    ],
    [
      'largest stream identifier (RFC 9113 §4.1)',
      '000001 00 00 ffffffff 61',
      ['dataStart 2147483647 1 0', 'data 2147483647 61'],
    ],
    [
      'reserved bit and stream 0 (RFC 9113 §4.1)',
      '000001 00 00 80000000 61',
      failed('PROTOCOL_ERROR', 'DATA on stream 0 (RFC 9113 §6.1)'),
    ],
  ])
})

describe('HEADERS', () => {
  check([
    ['field block (RFC 9113 §6.2)', '000002 01 04 00000001 8283', ['headers 1 8283 END_HEADERS']],
    ['END_STREAM (RFC 9113 §6.2)', '000001 01 05 00000001 82', ['headers 1 82 END_STREAM END_HEADERS']],
    ['empty (RFC 9113 §6.2)', '000000 01 04 00000001', ['headers 1  END_HEADERS']],
    ['padding (RFC 9113 §6.2)', '000004 01 0c 00000001 02 82 0000', ['headers 1 82 END_HEADERS']],
    ['priority fields (RFC 9113 §6.2)', '000006 01 24 00000001 80000003ff 82', ['headers 1 82 END_HEADERS']],
    [
      'padding and priority fields (RFC 9113 §6.2)',
      '000009 01 2c 00000001 02 80000003ff 82 0000',
      ['headers 1 82 END_HEADERS'],
    ],
    [
      'padding that leaves an empty fragment (RFC 9113 §6.2)',
      '000003 01 0c 00000001 02 0000',
      ['headers 1  END_HEADERS'],
    ],
    [
      'padding and priority fields that leave an empty fragment (RFC 9113 §6.2)',
      '000007 01 2c 00000001 01 0000000000 00',
      ['headers 1  END_HEADERS'],
    ],
    [
      'padding longer than the fragment by one (RFC 9113 §6.2)',
      '000003 01 0c 00000001 03 0000',
      failed('PROTOCOL_ERROR', 'HEADERS padding exceeds its field block fragment (RFC 9113 §6.2)'),
    ],
    [
      'padding that would reach into the priority fields (RFC 9113 §6.2)',
      '000007 01 2c 00000001 02 0000000000 00',
      failed('PROTOCOL_ERROR', 'HEADERS padding exceeds its field block fragment (RFC 9113 §6.2)'),
    ],
    [
      'PADDED without a Pad Length (RFC 9113 §4.2)',
      '000000 01 0c 00000001',
      failed('FRAME_SIZE_ERROR', 'HEADERS too short for its padding and priority fields (RFC 9113 §6.2)'),
    ],
    [
      'PRIORITY flag and 4 octets (RFC 9113 §4.2)',
      '000004 01 24 00000001 00000000',
      failed('FRAME_SIZE_ERROR', 'HEADERS too short for its padding and priority fields (RFC 9113 §6.2)'),
    ],
    [
      'PADDED, PRIORITY and 5 octets (RFC 9113 §4.2)',
      '000005 01 2c 00000001 0000000000',
      failed('FRAME_SIZE_ERROR', 'HEADERS too short for its padding and priority fields (RFC 9113 §6.2)'),
    ],
    [
      'stream 0 (RFC 9113 §6.2)',
      '000001 01 04 00000000 82',
      failed('PROTOCOL_ERROR', 'HEADERS on stream 0 (RFC 9113 §6.2)'),
    ],
    [
      'undefined flags and reserved bit (RFC 9113 §4.1)',
      '000001 01 d6 80000001 82',
      ['headers 1 82 END_HEADERS'],
    ],
  ])
})

describe('PRIORITY', () => {
  check([
    ['any stream (RFC 9113 §6.3)', '000005 02 00 00000009 8000000b07', ['priority 9']],
    ['dependency on itself (RFC 9113 §5.3.2)', '000005 02 ff 80000009 0000000907', ['priority 9']],
    [
      'length 4 (RFC 9113 §6.3)',
      '000004 02 00 00000009 00000000',
      ['streamError 9 FRAME_SIZE_ERROR: PRIORITY length other than 5 (RFC 9113 §6.3)'],
    ],
    [
      'length 6 (RFC 9113 §6.3)',
      '000006 02 00 00000009 000000000000',
      ['streamError 9 FRAME_SIZE_ERROR: PRIORITY length other than 5 (RFC 9113 §6.3)'],
    ],
    [
      'length 0 (RFC 9113 §6.3)',
      '000000 02 00 00000009',
      ['streamError 9 FRAME_SIZE_ERROR: PRIORITY length other than 5 (RFC 9113 §6.3)'],
    ],
    [
      'stream 0 (RFC 9113 §6.3)',
      '000005 02 00 00000000 0000000000',
      failed('PROTOCOL_ERROR', 'PRIORITY on stream 0 (RFC 9113 §6.3)'),
    ],
  ])
})

describe('RST_STREAM', () => {
  check([
    ['known code (RFC 9113 §6.4)', '000004 03 00 00000003 00000008', ['rstStream 3 CANCEL']],
    ['unknown code (RFC 9113 §7)', '000004 03 ff 80000003 ffffffff', ['rstStream 3 UNKNOWN(0xffffffff)']],
    [
      'length 3 (RFC 9113 §6.4)',
      '000003 03 00 00000003 000000',
      failed('FRAME_SIZE_ERROR', 'RST_STREAM length other than 4 (RFC 9113 §6.4)'),
    ],
    [
      'length 5 (RFC 9113 §6.4)',
      '000005 03 00 00000003 0000000800',
      failed('FRAME_SIZE_ERROR', 'RST_STREAM length other than 4 (RFC 9113 §6.4)'),
    ],
    [
      'stream 0 (RFC 9113 §6.4)',
      '000004 03 00 00000000 00000008',
      failed('PROTOCOL_ERROR', 'RST_STREAM on stream 0 (RFC 9113 §6.4)'),
    ],
  ])
})

describe('PUSH_PROMISE', () => {
  check([
    ['field block (RFC 9113 §6.6)', '000005 05 04 00000001 00000002 82', ['pushPromise 1 2 82 END_HEADERS']],
    [
      'padding (RFC 9113 §6.6)',
      '000008 05 0c 00000001 02 00000002 82 0000',
      ['pushPromise 1 2 82 END_HEADERS'],
    ],
    [
      'padding that leaves an empty fragment (RFC 9113 §6.6)',
      '000006 05 0c 00000001 01 00000002 00',
      ['pushPromise 1 2  END_HEADERS'],
    ],
    [
      'reserved bits and undefined flags (RFC 9113 §6.6)',
      '000004 05 f7 80000001 80000002',
      ['pushPromise 1 2  END_HEADERS'],
    ],
    [
      'padding longer than the fragment by one (RFC 9113 §6.6)',
      '000006 05 0c 00000001 02 00000002 00',
      failed('PROTOCOL_ERROR', 'PUSH_PROMISE padding exceeds its field block fragment (RFC 9113 §6.6)'),
    ],
    [
      'length 3 (RFC 9113 §4.2)',
      '000003 05 04 00000001 000000',
      failed('FRAME_SIZE_ERROR', 'PUSH_PROMISE too short for its promised stream (RFC 9113 §6.6)'),
    ],
    [
      'PADDED and length 4 (RFC 9113 §4.2)',
      '000004 05 0c 00000001 00000000',
      failed('FRAME_SIZE_ERROR', 'PUSH_PROMISE too short for its promised stream (RFC 9113 §6.6)'),
    ],
    [
      'stream 0 (RFC 9113 §6.6)',
      '000004 05 04 00000000 00000002',
      failed('PROTOCOL_ERROR', 'PUSH_PROMISE on stream 0 (RFC 9113 §6.6)'),
    ],
  ])
})

describe('WINDOW_UPDATE', () => {
  check([
    ['connection (RFC 9113 §6.9)', '000004 08 00 00000000 00010000', ['windowUpdate 0 65536']],
    ['stream (RFC 9113 §6.9)', '000004 08 ff 80000005 00000001', ['windowUpdate 5 1']],
    [
      'reserved bit of the increment (RFC 9113 §6.9)',
      '000004 08 00 00000005 ffffffff',
      ['windowUpdate 5 2147483647'],
    ],
    [
      'increment 0 on a stream (RFC 9113 §6.9)',
      '000004 08 00 00000005 00000000',
      ['streamError 5 PROTOCOL_ERROR: WINDOW_UPDATE increment 0 (RFC 9113 §6.9)'],
    ],
    [
      'increment 0 but for the reserved bit (RFC 9113 §6.9)',
      '000004 08 00 00000005 80000000',
      ['streamError 5 PROTOCOL_ERROR: WINDOW_UPDATE increment 0 (RFC 9113 §6.9)'],
    ],
    [
      'increment 0 on the connection (RFC 9113 §6.9)',
      '000004 08 00 00000000 00000000',
      failed('PROTOCOL_ERROR', 'WINDOW_UPDATE increment 0 (RFC 9113 §6.9)'),
    ],
    [
      'length 3 (RFC 9113 §6.9)',
      '000003 08 00 00000005 000001',
      failed('FRAME_SIZE_ERROR', 'WINDOW_UPDATE length other than 4 (RFC 9113 §6.9)'),
    ],
    [
      'length 5 (RFC 9113 §6.9)',
      '000005 08 00 00000005 0000000001',
      failed('FRAME_SIZE_ERROR', 'WINDOW_UPDATE length other than 4 (RFC 9113 §6.9)'),
    ],
  ])
})
