/** The service `lambda`: its operations, assembled, and the lookup that invoking uses. server.ts makes one. */
import { limits } from '../../config.ts'
import type { Service } from '../../gateway/service.ts'
import { background } from '../../lib/background.ts'
import type { AsyncSettingsSource } from '../../invoke/async-settings.ts'
import type { Targets } from '../../invoke/target.ts'
import { aliasHandlers } from './versions/aliases.ts'
import { codeSigningHandlers } from './code-signing/code-signing.ts'
import { concurrencyHandlers } from './concurrency/concurrency.ts'
import { createFunctionHandlers } from './functions/create-function.ts'
import { deleteFunctionHandlers } from './functions/delete-function.ts'
import type { LambdaDependencies } from './dependencies.ts'
import { functionCodeSigningHandlers } from './code-signing/function-code-signing.ts'
import { createAsyncSettings, eventInvokeConfigHandlers } from './events/event-invoke-config.ts'
import { functionUrlHandlers } from './urls/function-url.ts'
import { functionScalingHandlers } from './concurrency/function-scaling.ts'
import { getFunctionHandlers } from './functions/get-function.ts'
import { layerPermissionHandlers } from './layers/layer-permissions.ts'
import { layerHandlers } from './layers/layers.ts'
import { listFunctionsHandlers } from './functions/list-functions.ts'
import { notConfiguredHandlers } from './not-configured.ts'
import { permissionHandlers } from './policy/permissions.ts'
import { ProvisionedAllocation } from './concurrency/provisioned-allocation.ts'
import { provisionedConcurrencyHandlers } from './concurrency/provisioned-concurrency.ts'
import { recursionConfigHandlers } from './events/recursion-config.ts'
import { Resolver } from './resolve.ts'
import { resourcePolicyHandlers } from './policy/resource-policy.ts'
import { runtimeManagementHandlers } from './functions/runtime-management.ts'
import { resumeSnapshots } from './versions/snapshots.ts'
import { tagHandlers } from './functions/tags.ts'
import { updateFunctionHandlers } from './functions/update-function.ts'
import { usedPackages } from './used-packages.ts'
import { versionHandlers } from './versions/versions.ts'

/** The control plane of Lambda. */
export type LambdaService = Disposable & {
  readonly service: Service<typeof import('@aws-sdk/client-lambda')>
  /** how everything that runs a function finds it: synchronous, from memory */
  readonly targets: Targets
  /** how the worker of asynchronous events finds retries and destinations */
  readonly asyncSettings: AsyncSettingsSource
  /** Begin what goes on by itself, as an earlier server left it: everything that it needs runs. */
  resume(): void
  /** Be told the ARN of a version that changed or is gone, or of a function (unqualified) that is gone. */
  onChange(listener: (arn: string) => void): Disposable
}

/** Make the control plane of Lambda over a store. */
export function createLambdaService(deps: LambdaDependencies): LambdaService {
  const { packages, ids } = deps
  const { documents } = deps.store
  const collection = deps.clock.after(limits.collectAfterMs, () => {
    background(
      'collect packages',
      packages.collect(() => usedPackages(documents)),
    )
  })
  const resumption = deps.clock.after(limits.resumeSnapshotsAfterMs, () => {
    if (deps.snapshots) background('resume snapshots', resumeSnapshots(deps))
  })
  const resolver = new Resolver({ documents, packages, ids })
  const { resolve } = resolver
  const { provisioning } = deps
  const allocation = provisioning && new ProvisionedAllocation({ documents, resolve, provisioning })
  resolver.onChange((arn) => allocation?.restore(arn))
  return {
    service: {
      name: 'lambda',
      handlers: {
        ...createFunctionHandlers(deps),
        ...getFunctionHandlers(deps),
        ...deleteFunctionHandlers(deps),
        ...tagHandlers(deps),
        ...listFunctionsHandlers(deps),
        ...updateFunctionHandlers(deps),
        ...versionHandlers(deps),
        ...aliasHandlers(deps),
        ...permissionHandlers(deps),
        ...resourcePolicyHandlers(deps),
        ...concurrencyHandlers(deps),
        ...functionUrlHandlers(deps),
        ...codeSigningHandlers(deps),
        ...functionCodeSigningHandlers(deps),
        ...runtimeManagementHandlers(deps),
        ...functionScalingHandlers(deps),
        ...eventInvokeConfigHandlers(deps),
        ...recursionConfigHandlers(deps),
        ...layerHandlers(deps),
        ...layerPermissionHandlers(deps),
        ...provisionedConcurrencyHandlers(deps),
        ...notConfiguredHandlers(),
      },
    },
    targets: {
      resolve: resolver.resolve,
      unreservedConcurrency: (place) => resolver.unreservedConcurrency(place),
    },
    resume: () => {
      if (allocation) background('resume provisioned concurrency', allocation.resume())
    },
    asyncSettings: createAsyncSettings(documents),
    onChange: (listener) => resolver.onChange(listener),
    [Symbol.dispose]: () => {
      collection.clear()
      resumption.clear()
      allocation?.[Symbol.dispose]()
      resolver[Symbol.dispose]()
    },
  }
}
