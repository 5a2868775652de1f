/**
 * `hyper-h2/undici`: this stack beneath undici and beneath the `fetch` of the
 * runtime. Needs `node:` modules, and no undici.
 */
export type {
  Dispatch,
  DispatchController,
  DispatcherLike,
  DispatchHandler,
  DispatchOptions,
  HeadersRecord,
  Interceptor,
  LegacyHandler,
  NewHandler,
} from './undici/contract.ts'
export { HyperDispatcher, type HyperDispatcherOptions, type WebSocketLimits } from './undici/dispatcher.ts'
export { installGlobal } from './undici/global.ts'
