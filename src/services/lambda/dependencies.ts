/** What the operations of Lambda work with, handed in by server.ts, and the types of their handlers. */
import type { RequestContext } from '../../gateway/service.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Ids } from '../../lib/ids.ts'
import type { Packages } from '../../packages/packages.ts'
import type { Handlers } from '../../protocol/handlers.ts'
import type { Catalogue } from '../../runtimes/runtime.ts'
import type { Store } from '../../store/store.ts'
import type { Provisioning } from './concurrency/provisioned-allocation.ts'
import type { Snapshotter } from './versions/snapshots.ts'

/** Everything the control plane needs of other rooms. */
export type LambdaDependencies = {
  readonly store: Store
  readonly packages: Packages
  readonly catalogue: Catalogue
  readonly clock: Clock
  readonly ids: Ids
  /** makes the snapshots of versions with SnapStart; without it they are Active at once and start as others do */
  readonly snapshots?: Snapshotter
  /** keeps provisioned environments; without it nothing is ever allocated */
  readonly provisioning?: Provisioning
  /** may functions be folders of this machine: see folder-code.ts; not unless told */
  readonly isFolderCodeAllowed?: boolean
  /** Sign a path of this server for a short life. @returns the path with its query; the endpoint goes before it */
  readonly presign: (path: string) => string
}

/** The handlers of the whole service, by operation. */
export type LambdaHandlers = Handlers<typeof import('@aws-sdk/client-lambda'), RequestContext>

/** Below this path, followed by the id of a blob, zips are downloaded with a presigned URL. */
export const downloadRoute = '/_lair/code/'
