// runtimes: 22 24 26
// openai 7 over our fetch.
import OpenAI, { toFile } from 'openai7'
import { runOpenAI } from './openai-checks.mjs'

await runOpenAI(OpenAI, toFile, 'openai7')
