/** SnapStart through the whole server: Pending, the init and its hooks, Active or Failed, the restore, and the lines of the log. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  CreateFunctionCommand,
  type CreateFunctionRequest,
  GetFunctionConfigurationCommand,
  PublishVersionCommand,
  TagResourceCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { openServer, owner } from '../../support/in-process.ts'
import * as functions from '../../support/functions.ts'
import { buildZip } from '../../support/raw-zip.ts'
import { until } from '../../support/until.ts'
import { role } from './harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'lair-snapstart-'))
let { client, logs, close } = await openServer({ directory }, owner)

after(async () => {
  await close()
  rmSync(directory, { recursive: true, force: true })
})

const python = `
import os, time
from snapshot_restore_py import register_before_snapshot, register_after_restore
time.sleep(float(os.environ.get("INIT_SECONDS", "0")))
told = ["init"]

@register_before_snapshot
def first():
    told.append("before 1")

def after(word, mark=""):
    told.append("after " + word + mark)
    if os.environ.get("AFTER") == "fail":
        raise ValueError("not restored")

@register_before_snapshot
def second():
    told.append("before 2")
    if os.environ.get("BEFORE") == "fail":
        raise ValueError("no snapshot")

register_after_restore(after, "1")
register_after_restore(after, "2", mark="!")

def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return {"told": told, "pid": os.getpid()}
`

const tagged = { 'lair.snapstart': 'latest' }

async function create(name: string, more: Partial<CreateFunctionRequest> = {}): Promise<void> {
  await client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'python3.11',
      Handler: 'app.handler',
      Role: role,
      Code: { ZipFile: buildZip([{ name: 'app.py', content: python, isDeflated: true }]) },
      Tags: tagged,
      ...more,
    }),
  )
}

const configuration = (name: string, Qualifier: string) =>
  client.send(new GetFunctionConfigurationCommand({ FunctionName: name, Qualifier }))

/** Publish, and wait until the snapshot is made or cannot be. */
async function publish(name: string) {
  const pending = await client.send(new PublishVersionCommand({ FunctionName: name }))
  const version = pending.Version ?? ''
  assert.equal(pending.State, 'Pending')
  return { version, settled: await settle(name, version) }
}

async function settle(name: string, version: string) {
  for (let turn = 0; turn < 400; turn += 1) {
    const settled = await configuration(name, version)
    if (settled.State !== 'Pending') return settled
    await setTimeout(25)
  }
  return assert.fail('the version is Pending for ever')
}

async function invoke(name: string, version: string, event: unknown = {}) {
  const { body, ...rest } = await functions.invoke(client, name, event, { Qualifier: version })
  return { ...rest, body: body as { told: string[]; pid: number } }
}

/** Wait until so many inits have ended. */
async function initialised(name: string, count: number): Promise<void> {
  await until(async () => {
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}` }),
    )
    return events.filter(({ message }) => message?.startsWith('INIT_REPORT ')).length >= count
  })
}

describe('SnapStart', { concurrency: 2 }, () => {
  test('publishing runs the init and the hooks before; the invocation runs the hooks after, in milliseconds', async () => {
    await create('hooks')
    const { version, settled } = await publish('hooks')
    assert.deepEqual([settled.State, settled.LastUpdateStatus], ['Active', 'Successful'])
    const first = await invoke('hooks', version)
    assert.deepEqual(first.body.told, ['init', 'before 2', 'before 1', 'after 1', 'after 2!'])
    assert.match(first.log, /^RESTORE_START Runtime Version: python:/)
    assert.match(first.log, /\nRESTORE_REPORT Restore Duration: \d+\.\d\d ms\n/)
    assert.doesNotMatch(first.log, /Init Duration/)
    const report =
      /Duration: ([\d.]+) ms\tBilled Duration: (\d+) ms.*\tRestore Duration: ([\d.]+) ms\tBilled Restore Duration: (\d+) ms\t\n/
    const [, duration, billed, restore, billedRestore] = report.exec(first.log) ?? []
    // Measured: 1 ms, 11 at worst on a busy machine.
    assert.ok(Number(restore) < 500, restore)
    assert.equal(Number(billedRestore), Math.ceil(Number(restore)))
    assert.equal(Number(billed), Math.ceil(Number(duration) + Number(billedRestore)))
    const second = await invoke('hooks', version)
    assert.equal(second.body.pid, first.body.pid)
    assert.doesNotMatch(second.log, /RESTORE|Restore/)
  })

  test('a version that is Pending refuses its callers; two at once are two environments', async () => {
    await create('slow', { Environment: { Variables: { INIT_SECONDS: '1' } } })
    const { Version = '' } = await client.send(new PublishVersionCommand({ FunctionName: 'slow' }))
    const pending = await configuration('slow', Version)
    assert.deepEqual(
      [pending.State, pending.StateReason, pending.StateReasonCode],
      ['Pending', 'The function is being created.', 'Creating'],
    )
    await assert.rejects(invoke('slow', Version), {
      name: 'ResourceConflictException',
      message:
        'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    })
    await settle('slow', Version)
    const [one, other] = await Promise.all([
      invoke('slow', Version, { seconds: 0.3 }),
      invoke('slow', Version, { seconds: 0.3 }),
    ])
    assert.notEqual(one.body.pid, other.body.pid)
  })

  test('a version whose init fails is Failed, and says so', async () => {
    await create('broken', { Environment: { Variables: { BEFORE: 'fail' } } })
    const { version, settled } = await publish('broken')
    const { State, StateReason, StateReasonCode, LastUpdateStatus } = settled
    assert.deepEqual(
      [State, StateReason, StateReasonCode, LastUpdateStatus],
      ['Failed', 'An error occurred during function initialization.', 'FunctionError', 'Failed'],
    )
    await assert.rejects(invoke('broken', version), { name: 'ResourceConflictException' })
  })

  test('a hook after the restore that fails refuses the caller', async () => {
    await create('unrestored', { Environment: { Variables: { AFTER: 'fail' } } })
    const { version } = await publish('unrestored')
    await assert.rejects(invoke('unrestored', version), {
      name: 'SnapStartException',
      message: /^The afterRestore\(\) runtime hook encountered an error/,
    })
  })

  test('with the tag $LATEST is restored too; without it no more', async () => {
    await create('latest')
    await initialised('latest', 1)
    const first = await invoke('latest', '$LATEST')
    assert.match(first.log, /^RESTORE_START .*\nRESTORE_REPORT .*\nSTART /)
    const Resource = 'arn:aws:lambda:eu-west-1:123456789012:function:latest'
    await assert.rejects(
      client.send(new TagResourceCommand({ Resource, Tags: { 'lair.snapstart': 'always' } })),
      { name: 'InvalidParameterValueException' },
    )
    await client.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: 'latest', Description: 'x' }),
    )
    await initialised('latest', 2)
    const second = await invoke('latest', '$LATEST')
    assert.match(second.log, /RESTORE_START /)
    assert.notEqual(second.body.pid, first.body.pid)
  })

  test('the setting of AWS is for the runtimes of AWS', async () => {
    const more = { SnapStart: { ApplyOn: 'PublishedVersions' }, Tags: {} } as const
    await assert.rejects(create('refused', more), {
      name: 'InvalidParameterValueException',
      message: 'python3.11 is not supported for SnapStart enabled functions.',
    })
  })
})

test('what a server left Pending is made by the next', async () => {
  await create('interrupted', { Environment: { Variables: { INIT_SECONDS: '0.5' } } })
  const { Version = '' } = await client.send(
    new PublishVersionCommand({ FunctionName: 'interrupted' }),
  )
  await close()
  ;({ client, logs, close } = await openServer({ directory }, owner))
  const settled = await settle('interrupted', Version)
  assert.equal(settled.State, 'Active')
  assert.match((await invoke('interrupted', Version)).log, /Restore Duration/)
})
