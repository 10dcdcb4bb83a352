/**
 * Who may do what with a node: our four roles as those of OPC UA (Part 18), and the `rolePermissions` of a node. What
 * declares nothing may be read and not written or called, so a node that somebody forgot is no way in.
 */
import {
  makePermissionFlag,
  type NodeId,
  type RolePermissionTypeOptions,
  resolveNodeId,
  WellKnownRoles,
} from 'node-opcua';
import { type Role, roles } from '../../../command/port.ts';

/**
 * Held by the session of a PLC without a certificate (`opcua.plcPassword`), and by nothing else: it may write the PLC
 * block's tags. In our own namespace, which is always 1.
 */
export const plcRole: NodeId = resolveNodeId('ns=1;s=Role.Plc');

/** What proves a role; a higher one holds those below it too. */
const provenBy: Readonly<Record<Role, readonly WellKnownRoles[]>> = {
  observe: [WellKnownRoles.Observer],
  operate: [WellKnownRoles.Operator],
  // Two roles of the standard are one of ours: parameters and configuration are not told apart here.
  configure: [WellKnownRoles.Engineer, WellKnownRoles.ConfigureAdmin],
  secure: [WellKnownRoles.SecurityAdmin],
};

/** The roles of OPC UA that a user of our role holds. */
export function opcUaRoles(role: Role): NodeId[] {
  return roles
    .slice(0, roles.indexOf(role) + 1)
    .flatMap((held) => provenBy[held])
    .map((known) => resolveNodeId(known));
}

/** Ours again, from what a session holds; null for one that may nothing but what everybody may. */
export function highestRole(holds: (role: WellKnownRoles) => boolean): Role | null {
  return roles.findLast((role) => provenBy[role].every(holds)) ?? null;
}

const reading = 'Browse | Read | ReadHistory | ReceiveEvents';

/** Everybody whom an endpoint lets in reads: Anonymous is the role each session stands on (Part 18, 4.3). */
function permissions(everybody: string, more: readonly (readonly [NodeId, string])[]): RolePermissionTypeOptions[] {
  const granted = (roleId: NodeId, flags: string) => ({ roleId, permissions: makePermissionFlag(flags) });
  return [
    granted(resolveNodeId(WellKnownRoles.Anonymous), everybody),
    ...more.map(([roleId, flags]) => granted(roleId, `${everybody} | ${flags}`)),
  ];
}

/** From this role upwards: a higher role holds the lower ones, so naming the lowest is enough. */
function from(role: Role, flags: string): (readonly [NodeId, string])[] {
  return provenBy[role].map((known) => [resolveNodeId(known), flags] as const);
}

/** A node everybody reads and nobody writes or calls: the default of our namespace. */
export const readable = (): RolePermissionTypeOptions[] => permissions(reading, []);

/** A variable that users of this role and above may write. */
export const writableBy = (role: Role): RolePermissionTypeOptions[] => permissions(reading, from(role, 'Write'));

/** A tag of the PLC block that the PLC writes: role `operate` and above, and a PLC without a certificate. */
export const plcWritable = (): RolePermissionTypeOptions[] =>
  permissions(reading, [...from('operate', 'Write'), [plcRole, 'Write']]);

/** A method that users of this role and above may call. */
export const callableBy = (role: Role): RolePermissionTypeOptions[] => permissions(reading, from(role, 'Call'));

/** A method that only reads: whoever may read may call it. */
export const callableByAll = (): RolePermissionTypeOptions[] => permissions(`${reading} | Call`, []);
