/** Whole frames and the line that describes each. */
import { hexOfText } from './recording-sink.ts'

export const describedFrames: [line: string, bytes: string][] = [
  ['DATA stream=1 len=3 END_STREAM', '000003 00 01 00000001 616263'],
  ['DATA stream=1 len=2 PADDED', '000002 00 08 00000001 00 61'],
  ['HEADERS stream=1 len=1 END_STREAM END_HEADERS', '000001 01 05 00000001 82'],
  ['HEADERS stream=1 len=6 PADDED PRIORITY', '000006 01 28 00000001 00 0000000000'],
  ['HEADERS stream=3 len=0 END_HEADERS flags=0xd2', '000000 01 d6 80000003'],
  ['PRIORITY stream=9 len=5', '000005 02 00 00000009 0000000b07'],
  ['PRIORITY stream=9 len=4 (invalid length)', '000004 02 00 00000009 00000000'],
  ['RST_STREAM stream=3 len=4 CANCEL', '000004 03 00 00000003 00000008'],
  ['RST_STREAM stream=3 len=4 UNKNOWN(0xdead)', '000004 03 00 00000003 0000dead'],
  ['RST_STREAM stream=3 len=5 (invalid length)', '000005 03 00 00000003 0000000800'],
  [
    'SETTINGS stream=0 len=12 ENABLE_PUSH=0 INITIAL_WINDOW_SIZE=1048576',
    '00000c 04 00 00000000 000200000000 000400100000',
  ],
  ['SETTINGS stream=0 len=6 UNKNOWN(0x1a1a)=4294967295', '000006 04 00 00000000 1a1affffffff'],
  ['SETTINGS stream=0 len=7 ENABLE_PUSH=0 (invalid length)', '000007 04 00 00000000 00020000000000'],
  ['SETTINGS stream=0 len=0 ACK', '000000 04 01 00000000'],
  ['PUSH_PROMISE stream=1 len=5 END_HEADERS promised=2', '000005 05 04 00000001 00000002 82'],
  ['PUSH_PROMISE stream=1 len=5 PADDED promised=2', '000005 05 08 00000001 00 80000002'],
  ['PUSH_PROMISE stream=1 len=4 PADDED (invalid length)', '000004 05 08 00000001 00 000002'],
  ['PING stream=0 len=8 0011223344556677', '000008 06 00 00000000 0011223344556677'],
  ['PING stream=0 len=8 ACK 0011223344556677', '000008 06 01 00000000 0011223344556677'],
  ['GOAWAY stream=0 len=8 last=7 NO_ERROR', '000008 07 00 00000000 80000007 00000000'],
  [
    'GOAWAY stream=0 len=22 last=7 ENHANCE_YOUR_CALM "too_many_pings"',
    `000016 07 00 00000000 00000007 0000000b ${hexOfText('too_many_pings')}`,
  ],
  [
    'GOAWAY stream=0 len=14 last=7 NO_ERROR "\\x00\\x0a\\xff\\x1b[m"',
    '00000e 07 00 00000000 00000007 00000000 000aff1b5b6d',
  ],
  [
    `GOAWAY stream=0 len=72 last=7 NO_ERROR "${'z'.repeat(64)}"`,
    `000048 07 00 00000000 00000007 00000000 ${'7a'.repeat(64)}`,
  ],
  [
    `GOAWAY stream=0 len=73 last=7 NO_ERROR "${'z'.repeat(64)}…"`,
    `000049 07 00 00000000 00000007 00000000 ${'7a'.repeat(65)}`,
  ],
  [
    `GOAWAY stream=0 len=108 last=7 NO_ERROR "${'z'.repeat(64)}…"`,
    `00006c 07 00 00000000 00000007 00000000 ${'7a'.repeat(100)}`,
  ],
  ['GOAWAY stream=0 len=7 (invalid length)', '000007 07 00 00000000 00000007000000'],
  ['WINDOW_UPDATE stream=0 len=4 +65536', '000004 08 00 00000000 80010000'],
  ['CONTINUATION stream=1 len=1 END_HEADERS', '000001 09 04 00000001 82'],
  ['ALTSVC stream=0 len=4', '000004 0a 00 00000000 00016161'],
  ['ORIGIN stream=0 len=3', '000003 0c 00 00000000 000161'],
  ['PRIORITY_UPDATE stream=0 len=7 prioritized=5', '000007 10 00 00000000 00000005 753d31'],
  ['PRIORITY_UPDATE stream=0 len=4 prioritized=5', '000004 10 00 00000000 80000005'],
  ['PING stream=0 len=9 (invalid length)', '000009 06 00 00000000 001122334455667788'],
  ['WINDOW_UPDATE stream=0 len=5 (invalid length)', '000005 08 00 00000000 0000000100'],
  ['UNKNOWN(0x42) stream=2 len=1 flags=0xff', '000001 42 ff 00000002 00'],
]
