/** The examples of RFC 7541 Appendix C: what is on the wire, what it says, and the table after it. */

/** One block: octets, fields, and the dynamic table's entries behind it, newest first. */
export interface ExampleBlock {
  readonly wire: string
  readonly fields: readonly string[]
  readonly table: readonly string[]
  /** Octets of the table (RFC 7541 §4.1). */
  readonly size: number
}

/** Blocks that share one decoder. Fields and entries read `name=value`. */
export interface Example {
  readonly name: string
  readonly tableSize: number
  readonly blocks: readonly ExampleBlock[]
}

const AUTHORITY = ':authority=www.example.com'
const NO_CACHE = 'cache-control=no-cache'
const CUSTOM = 'custom-key=custom-value'

function requests(first: string, second: string, third: string): ExampleBlock[] {
  return [
    {
      wire: first,
      fields: [':method=GET', ':scheme=http', ':path=/', AUTHORITY],
      table: [AUTHORITY],
      size: 57,
    },
    {
      wire: second,
      fields: [':method=GET', ':scheme=http', ':path=/', AUTHORITY, NO_CACHE],
      table: [NO_CACHE, AUTHORITY],
      size: 110,
    },
    {
      wire: third,
      fields: [':method=GET', ':scheme=https', ':path=/index.html', AUTHORITY, CUSTOM],
      table: [CUSTOM, NO_CACHE, AUTHORITY],
      size: 164,
    },
  ]
}

const STATUS_302 = ':status=302'
const STATUS_307 = ':status=307'
const PRIVATE = 'cache-control=private'
const DATE_21 = 'date=Mon, 21 Oct 2013 20:13:21 GMT'
const DATE_22 = 'date=Mon, 21 Oct 2013 20:13:22 GMT'
const LOCATION = 'location=https://www.example.com'
const GZIP = 'content-encoding=gzip'
const COOKIE = 'set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'

function responses(first: string, second: string, third: string): ExampleBlock[] {
  return [
    {
      wire: first,
      fields: [STATUS_302, PRIVATE, DATE_21, LOCATION],
      table: [LOCATION, DATE_21, PRIVATE, STATUS_302],
      size: 222,
    },
    {
      wire: second,
      fields: [STATUS_307, PRIVATE, DATE_21, LOCATION],
      table: [STATUS_307, LOCATION, DATE_21, PRIVATE],
      size: 222,
    },
    {
      wire: third,
      fields: [':status=200', PRIVATE, DATE_22, LOCATION, GZIP, COOKIE],
      table: [COOKIE, GZIP, DATE_22],
      size: 215,
    },
  ]
}

function single(wire: string, field: string, table: string[], size: number): ExampleBlock[] {
  return [{ wire, fields: [field], table, size }]
}

/** RFC 7541 C.4, which is also how our encoder writes these requests. */
export const HUFFMAN_REQUESTS: Example = {
  name: 'C.4: requests with Huffman coding',
  tableSize: 4096,
  blocks: requests(
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ),
}

export const EXAMPLES: readonly Example[] = [
  {
    name: 'C.2.1: literal with incremental indexing',
    tableSize: 4096,
    blocks: single(
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      'custom-key=custom-header',
      ['custom-key=custom-header'],
      55,
    ),
  },
  {
    name: 'C.2.2: literal without indexing',
    tableSize: 4096,
    blocks: single('040c 2f73 616d 706c 652f 7061 7468', ':path=/sample/path', [], 0),
  },
  {
    name: 'C.2.3: literal never indexed',
    tableSize: 4096,
    blocks: single('1008 7061 7373 776f 7264 0673 6563 7265 74', 'password=secret', [], 0),
  },
  { name: 'C.2.4: indexed field', tableSize: 4096, blocks: single('82', ':method=GET', [], 0) },
  {
    name: 'C.3: requests without Huffman coding',
    tableSize: 4096,
    blocks: requests(
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ),
  },
  HUFFMAN_REQUESTS,
  {
    name: 'C.5: responses without Huffman coding',
    tableSize: 256,
    blocks: responses(
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133' +
        '2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d' +
        '54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745' +
        '4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
    ),
  },
  {
    name: 'C.6: responses with Huffman coding',
    tableSize: 256,
    blocks: responses(
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6' +
        '2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
      '4883 640e ffc1 c0bf',
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab' +
        '77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0' +
        '03ed 4ee5 b106 3d50 07',
    ),
  },
]
