/** Unary gRPC calls, about 100 bytes each way. */
import { check } from '../check.mjs'
import { laneCases, measureLanes, REQUEST_FIGURES } from './lanes.mjs'

/** With tag and length of its field, a message of 100 bytes. */
const LENGTH = 98

export const workload = {
  title: 'Unary gRPC call',
  how: 'A message of 100 bytes is sent and comes back, on one connection; the client makes the one from an object and the other into one. No two calls that are in flight have the same text; each answer is compared with it. Nothing is compressed.',
  server: 'origin',
  ours: 'hyper-connect',
  figures: REQUEST_FIGURES,
  cases: ({ short }) => laneCases(short ? [100] : [1, 100]),
}

export async function run(open, { url, params, ...times }) {
  const client = await open(url)
  const once = async (count) => {
    const text = `call ${count} `.padEnd(LENGTH, 'x')
    const answer = await client.say(text)
    check(answer === text, `${answer} in place of ${text}`)
  }
  const figures = await measureLanes(once, { ...params, ...times })
  client.close()
  return figures
}
