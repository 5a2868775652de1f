/**
 * Reads one response that an attacker made with the whole client, in this
 * process, again and again, and prints what it cost above a plain one as JSON:
 * `node bench/attacks/responses.mjs <number>`. A field costs an attacker one octet
 * (RFC 7541 §6.1), so the cost is of a KiB of the field section as
 * SETTINGS_MAX_HEADER_LIST_SIZE counts it.
 */
import { pathToFileURL } from 'node:url'
import { Client } from '../../dist/index.js'
import { data, headers, ScriptedPeer } from '../../dist/testing/index.js'
import * as w from './wire.mjs'

const RESPONSES = 200
const PLAIN = w.STATUS_200

/** A field that goes into the table, and then comes again and again by one octet. */
function again(what, name, value, times = 1) {
  return {
    name: what,
    size: (name.length + value.length + 32) * times,
    block: Buffer.concat([w.STATUS_200, w.literal(name, value, 0x40), Buffer.alloc(times - 1, w.NEWEST)]),
  }
}

export const responses = [
  again('content-encoding of 200 commas, 254 times', 'content-encoding', ','.repeat(200), 254),
  again('content-encoding "identity", 254 times', 'content-encoding', 'identity', 254),
  again('set-cookie, 254 times', 'set-cookie', 'a=b', 254),
  again('content-length, 254 times', 'content-length', '1', 254),
  again('content-type of 16,000 spaces', 'content-type', `text/plain;${' '.repeat(16_000)}x`),
  again('retry-after of 16,000 digits', 'retry-after', '1'.repeat(16_000)),
]

/** CPU time in µs of so many responses, whose fields and content are read. */
async function cost(block) {
  const peer = new ScriptedPeer()
  const client = new Client({ transport: peer.dial })
  const before = process.cpuUsage()
  for (let i = 0; i < RESPONSES; i++) {
    const answer = client.fetch('https://a.test/').then(async (response) => {
      response.headers.get('x')
      await response.text()
    })
    const { streamId } = await peer.until(headers())
    peer.send(headers(streamId).block(block), data(streamId, 'x').endStream())
    await answer
  }
  const { user, system } = process.cpuUsage(before)
  await client.close()
  return user + system
}

async function main({ name, size, block }) {
  // The compiler sees both first.
  await cost(PLAIN)
  await cost(block)
  const more = Math.max(0, (await cost(block)) - (await cost(PLAIN))) / RESPONSES
  return { name, octets: block.length, size, perKiB: (more / size) * 1024, micros: more }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(JSON.stringify(await main(responses[Number(process.argv[2])])))
}
