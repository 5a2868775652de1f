/**
 * The head of a file that may come from anybody: every field is what its type
 * says, or the head is refused. What it does not know it leaves alone.
 */

type Check = (value: unknown) => boolean

const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isText: Check = (value) => typeof value === 'string'
const isRecord: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check)
}

function recordOf(check: Check): Check {
  return (value) =>
    isRecord(value) &&
    Object.entries(value as object).every(([key, one]) => /^\d{1,10}$/.test(key) && check(one))
}

function shape(checks: Readonly<Record<string, Check>>): Check {
  return (value) =>
    isRecord(value) && faultOf(value as Readonly<Record<string, unknown>>, checks) === undefined
}

function optional(check: Check): Check {
  return (value) => value === undefined || check(value)
}

function faultOf(
  value: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, Check>>,
): string | undefined {
  for (const [key, check] of Object.entries(checks)) if (!check(value[key])) return key
  return undefined
}

const isEntry: Check = (value) => listOf(isText)(value) && (value as unknown[]).length === 2

const isTable = shape({
  entries: listOf(isEntry),
  size: isCount,
  maxSize: (value) => isCount(value) && (value as number) <= 0x1000000,
  fault: optional(isText),
})

const isStream = shape({ id: isCount, state: isText, sendWindow: isNumber, recvWindow: isNumber })

const BASE = {
  sendWindow: isNumber,
  recvWindow: isNumber,
  openStreams: isCount,
  streams: listOf(isStream),
  localSettings: recordOf(isCount),
  peerSettings: recordOf(isCount),
  sendTable: isTable,
  recvTable: isTable,
  goaway: optional(shape({ lastStreamId: isCount, errorCode: isCount })),
}

const HEAD = {
  format: (value: unknown) => value === 'hyper-h2 recording',
  version: isCount,
  fields: (value: unknown) => value === 'all' || value === 'names' || value === 'none',
  bodies: isCount,
  epoch: isNumber,
  dropped: isCount,
  bases: recordOf(shape(BASE)),
}

/** What is wrong with a head; undefined if nothing is. */
export function checkHead(head: unknown): string | undefined {
  if (!isRecord(head)) return 'a head that is no object'
  const fault = faultOf(head as Readonly<Record<string, unknown>>, HEAD)
  return fault === undefined ? undefined : `a head whose ${fault} is not what it should be`
}
