/** What json-thread.ts runs on its own thread: bytes in, what is wrong with them as JSON out. */
import { parentPort } from 'node:worker_threads'
import { findJsonProblem } from './json-problem.ts'

parentPort?.on('message', (bytes: Uint8Array) => {
  parentPort?.postMessage(findJsonProblem(bytes))
})
