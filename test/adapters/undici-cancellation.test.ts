import { expect, it, test, vi } from 'vitest'
import { Cancellation } from '../../src/adapters/undici/cancellation.ts'
import { OpenRequests } from '../../src/adapters/undici/open-requests.ts'

test('each listener is told once, whichever its kind, and those taken away are not', () => {
  const cancellation = new Cancellation()
  const [called, gone] = [vi.fn(), vi.fn()]
  const object = { handleEvent: vi.fn() }
  cancellation.addEventListener('abort', called)
  cancellation.addEventListener('abort', object)
  cancellation.addEventListener('abort', gone)
  cancellation.removeEventListener('abort', gone)
  expect([cancellation.aborted, cancellation.reason]).toEqual([false, undefined])
  cancellation.throwIfAborted()
  cancellation.abort('first')
  cancellation.abort('second')
  expect([cancellation.aborted, cancellation.reason]).toEqual([true, 'first'])
  expect(() => cancellation.throwIfAborted()).toThrow('first')
  expect([called, object.handleEvent, gone].map((one) => one.mock.calls.length)).toEqual([1, 1, 0])
})

it.each([
  ['the first', 0],
  ['one in the middle', 1],
  ['the last', 2],
])('open requests: %s leaves, twice, and the others stay', (_name, leaves) => {
  const list = new OpenRequests<{ slot: number }>()
  const requests = [{ slot: -1 }, { slot: -1 }, { slot: -1 }]
  for (const request of requests) list.add(request)
  list.remove(requests[leaves]!)
  list.remove(requests[leaves]!)
  expect(new Set(list.all())).toEqual(new Set(requests.filter((_, i) => i !== leaves)))
  for (const request of list.all()) list.remove(request)
  expect(list.all()).toEqual([])
})
