/** What a search finds among frames. */
import { expect, it } from 'vitest'
import type { CodedField, RecordedFrame } from '../../src/trace/index.ts'
import { searchFor } from '../../src/viewer/search.ts'

const FRAME: RecordedFrame = {
  row: 12,
  time: 1500,
  connection: 2,
  direction: 'received',
  type: 0,
  name: 'DATA',
  flags: 1,
  stream: 7,
  length: 16_384,
  payload: new Uint8Array(),
  text: 'DATA stream=7 len=16384 END_STREAM',
}
const FIELD: CodedField = { name: 'content-type', value: 'Text/HTML', form: 'literal', index: 31, octets: 9 }

const FOUND = [
  'type:DATA',
  'type:data',
  'stream:7',
  '>16000',
  '>=16k',
  '=16384',
  'len<17k',
  't>1.4s',
  't=1500ms',
  'dir:rec',
  'conn:2',
  'row:12',
  'field:content',
  'text/html',
  'content-type: text/html',
  'end_stream',
  '-type:HEADERS',
  'type:DATA stream:7 >16000 -dir:sent',
]

const NOT_FOUND = [
  'type:HEADERS',
  'stream:8',
  'stream:x',
  '>16k',
  '<100',
  't<1s',
  'dir:sent',
  'conn:1',
  'field:accept',
  'nothing',
  '-end_stream',
  'type:DATA stream:8',
  '>16x',
  'unknown:7',
]

it.each(FOUND)('%s finds it', (text) => {
  expect(searchFor(text)!(FRAME, [FIELD])).toBe(true)
})

it.each(NOT_FOUND)('%s does not', (text) => {
  expect(searchFor(text)!(FRAME, [FIELD])).toBe(false)
})

it('a search of nothing is none', () => {
  expect(searchFor('  ')).toBeUndefined()
})
