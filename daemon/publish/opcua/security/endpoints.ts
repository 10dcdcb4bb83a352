/**
 * Which ways in there are, as a table: security mode, policy, and how a user proves who he is on it. Everything that is
 * not SignAndEncrypt with a user is somebody's decision, and says so in the log at every start.
 */
import { MessageSecurityMode, type OPCUAServerEndPoint, SecurityPolicy, UserTokenType } from 'node-opcua';
import type { Log } from '../../lane.ts';
import type { ServerNames } from './names.ts';

export interface Access {
  /** The first look: loopback, and no user yet. Anonymous and read only. */
  readonly firstLook: boolean;
  readonly plainReadOnly: boolean;
  readonly plcPassword: boolean;
}

export interface Way {
  readonly mode: MessageSecurityMode;
  readonly policy: SecurityPolicy;
  readonly tokens: readonly UserTokenType[];
  /** Only for asking which endpoints there are; no session comes of it. */
  readonly discoveryOnly: boolean;
}

/** Those without a known weakness (Part 7, 6.6); Basic128Rsa15 and Basic256 are not among them. */
const policies = [
  SecurityPolicy.Basic256Sha256,
  SecurityPolicy.Aes128_Sha256_RsaOaep,
  SecurityPolicy.Aes256_Sha256_RsaPss,
];

export function waysIn({ firstLook, plainReadOnly, plcPassword }: Access): Way[] {
  const { None, Sign, SignAndEncrypt } = MessageSecurityMode;
  const { Anonymous, UserName } = UserTokenType;
  const secured = (mode: MessageSecurityMode): Way[] =>
    policies.map((policy) => ({ mode, policy, tokens: [UserName], discoveryOnly: false }));
  const plain = [...(firstLook || plainReadOnly ? [Anonymous] : []), ...(plcPassword ? [UserName] : [])];
  return [
    { mode: None, policy: SecurityPolicy.None, tokens: plain, discoveryOnly: plain.length === 0 },
    ...secured(SignAndEncrypt),
    ...(plcPassword ? secured(Sign) : []),
  ];
}

/** Every way under every name. */
export function addEndpoints(
  endpoint: OPCUAServerEndPoint,
  ways: readonly Way[],
  names: ServerNames,
  resourcePath: string,
): void {
  for (const hostname of names.all) {
    for (const { mode, policy, tokens, discoveryOnly } of ways) {
      endpoint.addEndpointDescription(mode, policy, {
        hostname: hostname.includes(':') ? `[${hostname}]` : hostname,
        resourcePath,
        restricted: discoveryOnly,
        // On None the password is encrypted with our certificate by one of these; never sent as it is.
        allowUnsecurePassword: false,
        securityPolicies: policies,
        userTokenTypes: [...tokens],
      });
    }
  }
}

/** One line. */
export function accessInWords({ firstLook, plainReadOnly, plcPassword }: Access): string {
  if (firstLook) return 'NO USERS YET: anybody on this machine reads, nobody writes; see "twinspect user --help"';
  const open = [
    plainReadOnly ? 'ANYBODY READS, unencrypted (opcua.plainReadOnly)' : null,
    plcPassword ? 'PLC by password, unencrypted (opcua.plcPassword)' : null,
  ].filter((part) => part !== null);
  return ['encrypted, with user and trusted certificate', ...open].join('; ');
}

/** At every start: what was given up, in words that somebody who reads the log understands. */
export function sayWhatIsOpen({ firstLook, plainReadOnly, plcPassword }: Access, host: string, log: Log): void {
  if (firstLook) {
    log.warn({ host }, 'OPC UA: NO USERS YET: anybody on this machine may read, nobody may write or call');
  }
  if (plainReadOnly) {
    log.warn({ host }, 'OPC UA: opcua.plainReadOnly is on: anybody who reaches this port reads, unencrypted');
  }
  if (plcPassword) {
    log.warn({ host }, 'OPC UA: opcua.plcPassword is on: the PLC block is written by name and password, unencrypted');
  }
}
