/** This repository as it was built: `dist/`, or the directory named by HYPER_DIST to compare one build with another. */
import { pathToFileURL } from 'node:url'

const directory =
  process.env.HYPER_DIST === undefined
    ? new URL('../../dist/', import.meta.url)
    : pathToFileURL(`${process.env.HYPER_DIST}/`)
const main = new URL('index.js', directory).href

/** What to import for the workload `start`. */
export const mainEntry = [main]

/** A module of the build. */
export const load = (path) => import(new URL(path, directory).href)

export const { AdaptiveWindowManager, Client, FixedWindowManager, HTTP20Connection } = await import(main)
