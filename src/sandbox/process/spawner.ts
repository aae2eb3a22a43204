/**
 * The program of the spawner: a small process beside the server that starts sandboxes for it, because starting a process stops the
 * starter for a time that grows with its memory. When the server is gone, however it went, the spawner kills all and cleans up.
 * Run as `node spawner.ts <run folder>` by spawner-client.ts; commands in on standard input, events out on standard output.
 */
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
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
  if (command.op === 'start') supervisor.start(command.key, command)
  else if (command.op === 'limit') supervisor.limit(command.key, command.limits)
  else makePipes(command.paths)
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
