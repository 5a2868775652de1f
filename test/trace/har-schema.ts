/**
 * HAR 1.2 as its specification has it: each object with the fields that it must
 * and may have, and their types. Fields that begin with `_` are anybody's.
 */

type Check = (value: unknown, at: string) => string[]

const text: Check = (value, at) => (typeof value === 'string' ? [] : [`${at} is no string`])
const whole: Check = (value, at) =>
  Number.isInteger(value) && Number(value) >= -1 ? [] : [`${at} is no integer`]
const size: Check = (value, at) =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value) ? [] : [`${at} is no number from 0 on`]
const span: Check = (value, at) => (value === -1 ? [] : size(value, at))
const moment: Check = (value, at) =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(String(value))
    ? []
    : [`${at} is no ISO 8601 moment`]

function list(check: Check): Check {
  return (value, at) =>
    Array.isArray(value) ? value.flatMap((one, i) => check(one, `${at}[${i}]`)) : [`${at} is no array`]
}

function object(must: Readonly<Record<string, Check>>, may: Readonly<Record<string, Check>> = {}): Check {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`]
    const faults: string[] = []
    for (const name of Object.keys(must)) if (!(name in value)) faults.push(`${at}.${name} is missing`)
    for (const [name, one] of Object.entries(value)) {
      const check = must[name] ?? may[name]
      if (check !== undefined) faults.push(...check(one, `${at}.${name}`))
      else if (!name.startsWith('_')) faults.push(`${at}.${name} is not in HAR 1.2`)
    }
    return faults
  }
}

const comment = { comment: text }
const pairs = list(object({ name: text, value: text }, comment))
const cookies = list(
  object({ name: text, value: text }, { path: text, domain: text, expires: text, ...comment }),
)

const request = object(
  {
    method: text,
    url: text,
    httpVersion: text,
    cookies,
    headers: pairs,
    queryString: pairs,
    headersSize: whole,
    bodySize: whole,
  },
  { postData: object({ mimeType: text, params: list(object({ name: text })), text }), ...comment },
)

const response = object(
  {
    status: whole,
    statusText: text,
    httpVersion: text,
    cookies,
    headers: pairs,
    content: object(
      { size: whole, mimeType: text },
      { compression: whole, text, encoding: text, ...comment },
    ),
    redirectURL: text,
    headersSize: whole,
    bodySize: whole,
  },
  comment,
)

const entry = object(
  {
    startedDateTime: moment,
    time: size,
    request,
    response,
    cache: object({}, { beforeRequest: object({}), afterRequest: object({}), ...comment }),
    timings: object(
      { send: size, wait: size, receive: size },
      { blocked: span, dns: span, connect: span, ssl: span, ...comment },
    ),
  },
  { pageref: text, serverIPAddress: text, connection: text, ...comment },
)

const log = object(
  { version: text, creator: object({ name: text, version: text }, comment), entries: list(entry) },
  { browser: object({ name: text, version: text }, comment), pages: list(object({})), ...comment },
)

/** What is wrong with a HAR. */
export const harFaults = (har: unknown): string[] => object({ log })(har, 'har')
