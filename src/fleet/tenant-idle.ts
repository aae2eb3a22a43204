/**
 * Idle environments that belong to one tenant each. A tenant's environment serves nobody else, so many tenants would keep many idle:
 * beyond a limit the one that was used longest ago goes. Used by fleet.ts.
 */
import { fleetLimits } from '../config.ts'
import type { Member } from './member.ts'

/** All of them, the one that was used longest ago first. */
export class TenantIdle {
  readonly #members = new Set<Member>()

  /** It became idle; one without a tenant is not kept here. @returns the one that has to go, if there are too many now */
  add(member: Member): Member | undefined {
    if (member.group.tenantId === undefined) return undefined
    this.#members.add(member)
    if (this.#members.size <= fleetLimits.maxIdleTenantCount) return undefined
    const [oldest] = this.#members
    return oldest
  }

  /** It is used, or gone. */
  delete(member: Member): void {
    this.#members.delete(member)
  }
}
