/**
 * What is looked for in the table of frames: words that all have to fit. One
 * rule: a word that is no condition is looked for in the frame's line and in the
 * names and values of its fields, as it stands.
 *
 *     type:DATA stream:7 >16k      -type:WINDOW_UPDATE      field:content-type
 *     dir:sent  conn:2  t>1.5s     row:120                  len<100
 */
import type { CodedField, RecordedFrame } from '../trace/index.ts'

export type Match = (frame: RecordedFrame, fields: readonly CodedField[]) => boolean

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1_048_576, ms: 1, s: 1000, us: 0.001 }

/** The condition that a search asks for; undefined for a search of nothing. */
export function searchFor(text: string): Match | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return undefined
  const matches = words.map(matchOf)
  return (frame, fields) => matches.every((match) => match(frame, fields))
}

function matchOf(word: string): Match {
  if (word.startsWith('-') && word.length > 1) {
    const match = matchOf(word.slice(1))
    return (frame, fields) => !match(frame, fields)
  }
  return comparison(word) ?? named(word) ?? anywhere(word)
}

/** `>16k`, `len<=100`, `t>2s`. */
function comparison(word: string): Match | undefined {
  const [, what, sign, digits, unit = ''] = /^(|len|t)([<>]=?|=)(\d+(?:\.\d+)?)([a-z]*)$/.exec(word) ?? []
  const scale = UNITS[unit]
  if (sign === undefined || scale === undefined) return undefined
  const limit = Number(digits) * scale
  return (frame) => compares(what === 't' ? frame.time : frame.length, sign, limit)
}

function compares(value: number, sign: string, limit: number): boolean {
  if (sign === '=') return value === limit
  if (sign.endsWith('=') && value === limit) return true
  return sign.startsWith('>') ? value > limit : value < limit
}

/** `type:DATA`, `stream:7`. */
function named(word: string): Match | undefined {
  const at = word.indexOf(':')
  if (at <= 0) return undefined
  const value = word.slice(at + 1)
  switch (word.slice(0, at)) {
    case 'type':
      return ({ name }) => name.toLowerCase().startsWith(value)
    case 'stream':
      return ({ stream }) => stream === Number(value)
    case 'conn':
    case 'connection':
      return ({ connection }) => connection === Number(value)
    case 'row':
      return ({ row }) => row === Number(value)
    case 'dir':
      return ({ direction }) => direction.startsWith(value)
    case 'field':
      return (_frame, fields) => fields.some(({ name }) => name.toLowerCase().includes(value))
    default:
      return undefined
  }
}

function anywhere(word: string): Match {
  return ({ text }, fields) =>
    text.toLowerCase().includes(word) ||
    fields.some(({ name, value }) => `${name}: ${value}`.toLowerCase().includes(word))
}
