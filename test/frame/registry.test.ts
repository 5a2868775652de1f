import { expect, it } from 'vitest'
import {
  CONNECTION_PREFACE,
  ErrorCode,
  errorName,
  FRAME_HEADER_SIZE,
  FrameType,
  frameName,
  MAX_MAX_FRAME_SIZE,
  MIN_MAX_FRAME_SIZE,
  Setting,
  settingName,
} from '../../src/frame/index.ts'
import { hexOf } from './recording-sink.ts'

it('error codes (RFC 9113 §7)', () => {
  expect(Object.entries(ErrorCode).map(([name, code]) => `${code} ${name}`)).toEqual([
    '0 NO_ERROR',
    '1 PROTOCOL_ERROR',
    '2 INTERNAL_ERROR',
    '3 FLOW_CONTROL_ERROR',
    '4 SETTINGS_TIMEOUT',
    '5 STREAM_CLOSED',
    '6 FRAME_SIZE_ERROR',
    '7 REFUSED_STREAM',
    '8 CANCEL',
    '9 COMPRESSION_ERROR',
    '10 CONNECT_ERROR',
    '11 ENHANCE_YOUR_CALM',
    '12 INADEQUATE_SECURITY',
    '13 HTTP_1_1_REQUIRED',
  ])
})

it('frame types (RFC 9113 §6, RFC 7838 §4, RFC 8336 §2, RFC 9218 §7.1)', () => {
  expect(Object.entries(FrameType).map(([name, type]) => `${type} ${name}`)).toEqual([
    '0 DATA',
    '1 HEADERS',
    '2 PRIORITY',
    '3 RST_STREAM',
    '4 SETTINGS',
    '5 PUSH_PROMISE',
    '6 PING',
    '7 GOAWAY',
    '8 WINDOW_UPDATE',
    '9 CONTINUATION',
    '10 ALTSVC',
    '12 ORIGIN',
    '16 PRIORITY_UPDATE',
  ])
})

it('settings (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1)', () => {
  expect(Object.entries(Setting).map(([name, id]) => `${id} ${name}`)).toEqual([
    '1 HEADER_TABLE_SIZE',
    '2 ENABLE_PUSH',
    '3 MAX_CONCURRENT_STREAMS',
    '4 INITIAL_WINDOW_SIZE',
    '5 MAX_FRAME_SIZE',
    '6 MAX_HEADER_LIST_SIZE',
    '8 ENABLE_CONNECT_PROTOCOL',
    '9 NO_RFC7540_PRIORITIES',
  ])
})

it('names are found by number, unknown numbers are shown', () => {
  for (const [name, code] of Object.entries(ErrorCode)) expect(errorName(code)).toBe(name)
  for (const [name, type] of Object.entries(FrameType)) expect(frameName(type)).toBe(name)
  for (const [name, id] of Object.entries(Setting)) expect(settingName(id)).toBe(name)
  expect(errorName(0xdead)).toBe('UNKNOWN(0xdead)')
  expect(frameName(0xb)).toBe('UNKNOWN(0xb)')
  expect(settingName(0x1a1a)).toBe('UNKNOWN(0x1a1a)')
})

it('sizes and the connection preface (RFC 9113 §3.4, §4.1, §6.5.2)', () => {
  expect([FRAME_HEADER_SIZE, MIN_MAX_FRAME_SIZE, MAX_MAX_FRAME_SIZE]).toEqual([9, 2 ** 14, 2 ** 24 - 1])
  expect(hexOf(CONNECTION_PREFACE)).toBe('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a')
})
