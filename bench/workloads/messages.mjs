/** The messages of the header-heavy and the JSON workload, made the same way by both sides. */

const FIXED_FIELDS = 15
const NEW_FIELDS = 15
/** More sets than a dynamic table of 4,096 octets remembers, so that a repeated set is new to it. */
const SETS = 2048

function token(seed, index) {
  return (((seed + 1) * 2654435761 + index * 40503) >>> 0).toString(36).padStart(7, '0').repeat(2)
}

function fields(prefix, seed) {
  const all = {}
  for (let i = 0; i < FIXED_FIELDS; i++) all[`x-${prefix}fixed-${i}`] = token(0, i)
  for (let i = 0; i < NEW_FIELDS; i++) all[`x-${prefix}new-${i}`] = token(seed, i)
  return all
}

/** 30 request fields per set, 15 of them different in each. Made before the measurement. */
export function requestFieldSets() {
  const sets = []
  for (let seed = 1; seed <= SETS; seed++) sets.push(fields('', seed))
  return sets
}

const responseFields = []
for (let seed = 1; seed <= SETS; seed++) responseFields.push(fields('r', seed))

/** The response's fields: 30 of them, 15 new; the first of them repeats a value of the request. */
export function newResponseFields(count, echo) {
  return { ':status': 200, ...responseFields[count % SETS], 'x-rnew-0': echo }
}

/** What is posted: about 1 kB as JSON. */
export function question() {
  const tags = []
  for (let i = 0; i < 40; i++) tags.push(`tag-${token(i, 1)}`)
  return { id: 42, name: 'measurement', exact: true, tags }
}

/** What is answered: about 4 kB as JSON. */
export function answer() {
  const items = []
  for (let i = 0; i < 45; i++) {
    items.push({ id: i, name: `item ${token(i, 2)}`, price: i * 1.25, text: token(i, 3), stock: i % 7 > 0 })
  }
  return { total: items.length, items }
}
