/**
 * Tenant isolation with real processes, through the official client.
 * source: AWS Lambda dev guide "Tenant isolation"
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { GetFunctionConfigurationCommand, InvokeCommand } from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient } from '../support/clients.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { deploy, invoke } from '../support/functions.ts'

const FunctionName = 'tenants'

/** Remembers whom it served, in memory and on disk. */
const source = `
import { appendFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
const served = []
export const handler = async (event, { tenantId }) => {
  served.push(tenantId)
  appendFileSync(tmpdir() + '/served', tenantId + ';')
  return { tenantId, served, file: readFileSync(tmpdir() + '/served', 'utf8') }
}`

suite('tenants', () => {
  let server: LairServer
  let client: LambdaClient
  before(async () => {
    server = await startServer({ arguments: ['--no-warm-pool'] })
    client = lambdaClient(server)
    await deploy(client, FunctionName, source, {
      TenancyConfig: { TenantIsolationMode: 'PER_TENANT' },
    })
    await deploy(client, 'plain', source)
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  test('each tenant has environments of its own, whose name the function is told', async () => {
    for (const tenantId of ['blue', 'green', 'blue', 'green']) {
      const { body } = await invoke(client, FunctionName, {}, { TenantId: tenantId })
      const { served, file } = body as { served: string[]; file: string }
      assert.deepEqual(new Set(served), new Set([tenantId]))
      assert.deepEqual(new Set(file.split(';')), new Set([tenantId, '']))
    }
    const { body } = await invoke(client, FunctionName, {}, { TenantId: 'blue' })
    assert.deepEqual(body, {
      tenantId: 'blue',
      served: ['blue', 'blue', 'blue'],
      file: 'blue;blue;blue;',
    })
  })

  test('an asynchronous event keeps its tenant', async () => {
    const { StatusCode } = await client.send(
      new InvokeCommand({ FunctionName, InvocationType: 'Event', TenantId: 'later' }),
    )
    assert.equal(StatusCode, 202)
    await until(async () => {
      const { body } = await invoke(client, FunctionName, {}, { TenantId: 'later' })
      return (body as { served: string[] }).served.length > 1
    })
  })

  test('a tenant that is missing, malformed or out of place is refused', async () => {
    const words =
      'The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.'
    for (const InvocationType of ['RequestResponse', 'Event'] as const) {
      await assert.rejects(
        async () => client.send(new InvokeCommand({ FunctionName, InvocationType })),
        { name: 'InvalidParameterValueException', message: words, Type: 'User' },
      )
    }
    for (const TenantId of ['a'.repeat(257), 'semi;colon']) {
      await assert.rejects(async () => invoke(client, FunctionName, {}, { TenantId }), {
        name: 'ValidationException',
      })
    }
    await assert.rejects(async () => invoke(client, 'plain', {}, { TenantId: 'blue' }), {
      name: 'InvalidParameterValueException',
    })
  })

  test('the configuration shows it, and an update keeps it', async () => {
    const { TenancyConfig } = await client.send(
      new GetFunctionConfigurationCommand({ FunctionName }),
    )
    assert.deepEqual(TenancyConfig, { TenantIsolationMode: 'PER_TENANT' })
  })
})
