// What is asked of every server and protocol: calls of all four kinds, and how calls end.
import assert from 'node:assert/strict'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { Eliza } from './eliza.mjs'

const BIG = 'x'.repeat(1_000_000)

const failure = (promise) =>
  promise.then(
    () => assert.fail('it should have failed'),
    (error) => {
      assert.ok(error instanceof ConnectError, `${error?.constructor?.name}: ${error?.message}`)
      return error
    },
  )

async function collect(stream) {
  const sentences = []
  for await (const { sentence } of stream) sentences.push(sentence)
  return sentences
}

async function* say(...sentences) {
  for (const sentence of sentences) yield { sentence }
}

/** Sentences given one by one, after the answer to the one before. */
function dialogue() {
  const waiting = []
  let wake
  let over = false
  return {
    give(sentence) {
      waiting.push({ sentence })
      wake?.()
    },
    end() {
      over = true
      wake?.()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (waiting.length > 0) yield waiting.shift()
        else if (over) return
        else
          await new Promise((resolve) => {
            wake = resolve
          })
      }
    },
  }
}

/** Checks for one transport. `served` tells of the server: `cancelled()` resolves when it sees a call given up. Those with a name that `left` has are left out. */
export function elizaChecks(name, transport, served, left = []) {
  const client = createClient(Eliza, transport)
  const checks = {
    async unary() {
      const heads = {}
      const { sentence } = await client.say(
        { sentence: 'hello' },
        {
          headers: { 'x-asked': 'yes' },
          onHeader: (headers) => {
            heads.header = headers
          },
          onTrailer: (headers) => {
            heads.trailer = headers
          },
        },
      )
      assert.equal(sentence, 'heard hello')
      assert.equal(heads.header.get('x-echo'), 'yes')
      assert.equal(heads.trailer.get('x-after'), 'said')
    },
    async 'unary, many at a time'() {
      const answers = await Promise.all(
        Array.from({ length: 150 }, (_, index) => client.say({ sentence: `${index}` })),
      )
      assert.deepEqual(
        answers.map(({ sentence }) => sentence),
        answers.map((_, index) => `heard ${index}`),
      )
    },
    async 'unary, a megabyte each way'() {
      assert.equal((await client.say({ sentence: BIG })).sentence, `heard ${BIG}`)
    },
    async 'unary, error'() {
      const error = await failure(client.say({ sentence: 'fail' }))
      assert.equal(error.code, Code.NotFound)
      assert.match(error.rawMessage, /not here/)
    },
    async 'unary, deadline'() {
      const seen = served.cancelled()
      assert.equal(
        (await failure(client.say({ sentence: 'hang' }, { timeoutMs: 100 }))).code,
        Code.DeadlineExceeded,
      )
      await seen
    },
    async 'unary, cancelled'() {
      const seen = served.cancelled()
      const controller = new AbortController()
      const answer = failure(client.say({ sentence: 'hang' }, { signal: controller.signal }))
      await served.hanging()
      controller.abort()
      assert.equal((await answer).code, Code.Canceled)
      await seen
    },
    async 'server streaming'() {
      const heads = {}
      const stream = client.introduce(
        { sentence: 'me', count: 5 },
        {
          onTrailer: (headers) => {
            heads.trailer = headers
          },
        },
      )
      assert.deepEqual(
        await collect(stream),
        [0, 1, 2, 3, 4].map((index) => `me ${index}`),
      )
      assert.equal(heads.trailer.get('x-after'), 'said')
    },
    async 'server streaming, none'() {
      assert.deepEqual(await collect(client.introduce({ sentence: 'me', count: 0 })), [])
    },
    async 'server streaming, 4 MB through a slow reader'() {
      let length = 0
      for await (const { sentence } of client.introduce({ sentence: 'x'.repeat(100_000), count: 40 })) {
        length += sentence.length
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.ok(length > 4_000_000)
    },
    async 'server streaming, error behind messages'() {
      const heard = []
      const error = await failure(
        (async () => {
          for await (const { sentence } of client.introduce({ sentence: 'fail', count: 2 }))
            heard.push(sentence)
        })(),
      )
      assert.equal(error.code, Code.NotFound)
      assert.equal(heard.length, 2)
    },
    async 'server streaming, cancelled in the middle'() {
      const seen = served.cancelled()
      const controller = new AbortController()
      const error = await failure(
        (async () => {
          for await (const _ of client.introduce(
            { sentence: 'hang', count: 1 },
            { signal: controller.signal },
          ))
            controller.abort()
        })(),
      )
      assert.equal(error.code, Code.Canceled)
      await seen
    },
    async 'client streaming'() {
      const { sentence, count } = await client.collect(say('a', 'b', 'c'))
      assert.equal(sentence, 'a b c')
      assert.equal(count, 3)
    },
    async 'client streaming, a source that fails'() {
      async function* broken() {
        yield { sentence: 'a' }
        throw new Error('no more')
      }
      const seen = served.cancelled()
      const error = await failure(client.collect(broken()))
      assert.match(error.message, /no more/)
      await seen
    },
    async 'bidirectional, sentence by sentence'() {
      const talk = dialogue()
      const heard = []
      talk.give('0')
      for await (const { sentence } of client.converse(talk)) {
        heard.push(sentence)
        if (heard.length === 5) talk.end()
        else talk.give(`${heard.length}`)
      }
      assert.deepEqual(
        heard,
        [0, 1, 2, 3, 4].map((index) => `heard ${index}`),
      )
    },
    async 'bidirectional, deadline'() {
      const seen = served.cancelled()
      const talk = dialogue()
      talk.give('0')
      const error = await failure(collect(client.converse(talk, { timeoutMs: 100 })))
      assert.equal(error.code, Code.DeadlineExceeded)
      talk.end()
      await seen
    },
  }
  return Object.entries(checks)
    .filter(([check]) => !left.includes(check))
    .map(([check, run]) => [`${name}, ${check}`, run])
}
