// runtimes: 20 22 24 26
// openai 6 over our fetch.
import OpenAI, { toFile } from 'openai'
import { runOpenAI } from './openai-checks.mjs'

await runOpenAI(OpenAI, toFile, 'openai')
