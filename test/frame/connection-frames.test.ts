import { describe } from 'vitest'
import { check, failed } from './parser-table.ts'

describe('SETTINGS', () => {
  check([
    ['no entries (RFC 9113 §6.5)', '000000 04 00 00000000', ['settings ']],
    [
      'entries (RFC 9113 §6.5)',
      '00000c 04 00 00000000 000200000000 000400100000',
      ['settings 000200000000000400100000'],
    ],
    ['ACK (RFC 9113 §6.5)', '000000 04 01 00000000', ['settingsAck']],
    ['undefined flags and reserved bit (RFC 9113 §4.1)', '000000 04 fe 80000000', ['settings ']],
    [
      'stream 1 (RFC 9113 §6.5)',
      '000000 04 00 00000001',
      failed('PROTOCOL_ERROR', 'SETTINGS on a stream other than 0 (RFC 9113 §6.5)'),
    ],
    [
      'ACK with a payload (RFC 9113 §6.5)',
      '000006 04 01 00000000 000200000000',
      failed('FRAME_SIZE_ERROR', 'SETTINGS with ACK and a payload (RFC 9113 §6.5)'),
    ],
    [
      'length 5 (RFC 9113 §6.5)',
      '000005 04 00 00000000 0002000000',
      failed('FRAME_SIZE_ERROR', 'SETTINGS length not a multiple of 6 (RFC 9113 §6.5)'),
    ],
    [
      'length 7 (RFC 9113 §6.5)',
      '000007 04 00 00000000 00020000000000',
      failed('FRAME_SIZE_ERROR', 'SETTINGS length not a multiple of 6 (RFC 9113 §6.5)'),
    ],
  ])
})

describe('PING', () => {
  check([
    ['request (RFC 9113 §6.7)', '000008 06 00 00000000 ffeeddccbbaa9988', ['ping ffeeddccbbaa9988']],
    ['answer (RFC 9113 §6.7)', '000008 06 01 00000000 ffeeddccbbaa9988', ['ping ffeeddccbbaa9988 ACK']],
    [
      'undefined flags and reserved bit (RFC 9113 §4.1)',
      '000008 06 fe 80000000 ffeeddccbbaa9988',
      ['ping ffeeddccbbaa9988'],
    ],
    [
      'length 7 (RFC 9113 §6.7)',
      '000007 06 00 00000000 00000000000000',
      failed('FRAME_SIZE_ERROR', 'PING length other than 8 (RFC 9113 §6.7)'),
    ],
    [
      'length 9 (RFC 9113 §6.7)',
      '000009 06 00 00000000 000000000000000000',
      failed('FRAME_SIZE_ERROR', 'PING length other than 8 (RFC 9113 §6.7)'),
    ],
    [
      'stream 1 (RFC 9113 §6.7)',
      '000008 06 00 00000001 0000000000000000',
      failed('PROTOCOL_ERROR', 'PING on a stream other than 0 (RFC 9113 §6.7)'),
    ],
  ])
})

describe('GOAWAY', () => {
  check([
    ['no debug data (RFC 9113 §6.8)', '000008 07 00 00000000 00000007 00000000', ['goaway 7 NO_ERROR ']],
    [
      'debug data (RFC 9113 §6.8)',
      '00000b 07 00 00000000 00000007 0000000b 627965',
      ['goaway 7 ENHANCE_YOUR_CALM 627965'],
    ],
    [
      'reserved bits, undefined flags, unknown code (RFC 9113 §6.8)',
      '000008 07 ff 80000000 ffffffff 80000000',
      ['goaway 2147483647 UNKNOWN(0x80000000) '],
    ],
    [
      'length 7 (RFC 9113 §4.2)',
      '000007 07 00 00000000 00000007 000000',
      failed('FRAME_SIZE_ERROR', 'GOAWAY shorter than 8 octets (RFC 9113 §6.8)'),
    ],
    [
      'stream 1 (RFC 9113 §6.8)',
      '000008 07 00 00000001 00000007 00000000',
      failed('PROTOCOL_ERROR', 'GOAWAY on a stream other than 0 (RFC 9113 §6.8)'),
    ],
  ])
})

describe('extension and unknown frames', () => {
  check([
    ['ALTSVC on stream 0 (RFC 7838 §4)', '000004 0a 00 00000000 00016161', ['altSvc 0 00016161']],
    ['ALTSVC on a stream (RFC 7838 §4)', '000003 0a ff 80000001 000061', ['altSvc 1 000061']],
    ['ALTSVC without content (RFC 7838 §4)', '000000 0a 00 00000001', ['altSvc 1 ']],
    ['ORIGIN (RFC 8336 §2)', '000003 0c 00 00000000 000161', ['origin 0 000161']],
    ['ORIGIN on a stream (RFC 8336 §2)', '000000 0c ff 80000001', ['origin 1 ']],
    [
      'PRIORITY_UPDATE (RFC 9218 §7.1)',
      '000007 10 00 00000000 00000005 753d31',
      ['priorityUpdate 0 00000005753d31'],
    ],
    [
      'PRIORITY_UPDATE, short, on a stream (RFC 9218 §7.1)',
      '000001 10 ff 80000001 00',
      ['priorityUpdate 1 00'],
    ],
    ['unknown type (RFC 9113 §5.5)', '000003 0b ff 80000001 010203', ['unknown 11 1 3']],
    ['unknown type, empty (RFC 9113 §5.5)', '000000 ff 00 00000000', ['unknown 255 0 0']],
    [
      'unknown types between known (RFC 9113 §5.5)',
      '000001 0d 00 00000000 00 000001 11 00 00000002 00',
      ['unknown 13 0 1', 'unknown 17 2 1'],
    ],
  ])
})
