/**
 * The program of the spawner: a small process beside the server that starts sandboxes for it, because starting a process stops the
 * starter for a time that grows with its memory. When the server is gone, however it went, the spawner kills all and cleans up.
 * Run as `node spawner.ts <run folder>` by spawner-client.ts; commands in on standard input, events out on standard output.
 */
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { unreachable } from '../../lib/assert.ts'
import { systemClock } from '../../lib/clock.ts'
import { type Command, type SpawnerMessage, jsonLines } from './messages.ts'
import { Supervisor } from './supervisor.ts'

const lastWordsMs = 1000
const stepMs = 10

const runFolder = process.argv[2]
const supervisor = new Supervisor(systemClock, tell)
let isEnding = false

function tell(message: SpawnerMessage): void {
  if (!isEnding) process.stdout.write(`${JSON.stringify(message)}\n`)
}

function makePipes(paths: readonly string[]): void {
  execFile('mkfifo', ['-m', '600', ...paths], (error) => {
    if (error) tell({ event: 'pipes-failed', sentence: error.message })
    else tell({ event: 'pipes-made', paths })
  })
}

function obey(command: Command): void {
  switch (command.op) {
    case 'start':
      supervisor.start(command.key, command)
      break
    case 'limit':
      supervisor.limit(command.key, command.limits)
      break
    case 'frozen':
    case 'thawed':
      supervisor.rest(command.key, command.op === 'frozen')
      break
    case 'make-pipes':
      makePipes(command.paths)
      break
    default:
      unreachable(command)
  }
}

async function end(): Promise<void> {
  if (isEnding) return
  isEnding = true
  supervisor.killAll()
  for (
    let waitedMs = 0;
    supervisor.runningCount > 0 && waitedMs < lastWordsMs;
    waitedMs += stepMs
  ) {
    await setTimeout(stepMs)
  }
  if (runFolder) rmSync(runFolder, { recursive: true, force: true, maxRetries: 2 })
  process.exit(0)
}

const onChunk = jsonLines((value) => obey(value as Command))
process.stdin.setEncoding('utf8')
process.stdin.on('data', onChunk)
process.stdin.on('end', () => void end())
process.stdin.on('error', () => void end())
process.stdout.on('error', () => void end())
// A signal to all of a service's processes must not cut the server's draining short: only its end counts.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
