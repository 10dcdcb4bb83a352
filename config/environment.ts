/**
 * The configuration from environment variables. Container platforms put variables of their own beside ours: a service
 * called twinspect, or twinspect-mqtt, gives every container TWINSPECT_PORT=tcp://10.0.0.7:1883 and more. Those are
 * told and not used; what is meant for us and misspelt is refused, as a misspelt key of the file is.
 */
import { type ConfigProblem, editDistance } from './problems.ts';
import { environmentName, keys, schema } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable with our prefix that is no key: it says where the configuration is. */
export const configFileVariable = 'TWINSPECT_CONFIG';

const prefix = 'TWINSPECT_';
const paths: ReadonlyMap<string, string> = new Map([...keys.keys()].map((path) => [environmentName(path), path]));
const sections = Object.keys(schema).map((name) => `${environmentName(name)}_`);

/** Values by dotted path, and a sentence for each variable that is not ours. */
export interface EnvironmentValues {
  readonly values: Map<string, unknown>;
  readonly warnings: readonly string[];
}

/** Reads the variables that are keys; misspelt ones become problems. Values of unknown ones are never repeated. */
export function environmentValues(env: Environment, problems: ConfigProblem[]): EnvironmentValues {
  const values = new Map<string, unknown>();
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith(prefix) || variable === configFileVariable) continue;
    const path = paths.get(variable);
    if (isServiceLink(variable, text)) {
      warnings.push(`${variable} is not used: it has the form of a link that a container platform makes`);
    } else if (path !== undefined) {
      values.set(path, keys.get(path)!.fromText(text));
    } else {
      const near = nearestVariable(variable);
      if (near === null && !sections.some((section) => `${variable}_`.startsWith(section))) {
        warnings.push(`${variable} is not used: it is no key of the configuration and near to none`);
        continue;
      }
      const hint = near === null ? 'the keys are listed by "twinspect config doc"' : `did you mean ${near}?`;
      problems.push({ path: variable, line: null, problem: 'unknown environment variable', hint });
    }
  }
  return { values, warnings };
}

/**
 * What Kubernetes and Docker make for a service: NAME_SERVICE_HOST, NAME_SERVICE_PORT, NAME_SERVICE_PORT_WEB,
 * NAME_PORT=tcp://ADDRESS:PORT, NAME_PORT_1883_TCP with _ADDR, _PORT and _PROTO. No key of ours has such a name, and
 * none that ends in PORT takes such a value.
 */
function isServiceLink(variable: string, text: string): boolean {
  if (/_SERVICE_(?:HOST|PORT(?:_\w+)?)$/.test(variable)) return true;
  if (/_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?$/.test(variable)) return true;
  return variable.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\/[^/]+:\d+$/.test(text);
}

/** The variable of ours that was perhaps meant: a few letters off, or named without its section. */
function nearestVariable(variable: string): string | null {
  const wanted = variable.slice(prefix.length);
  // Short names are near to everything: one letter off for each three.
  const most = Math.min(3, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = most + 1;
  for (const known of [...paths.keys(), configFileVariable]) {
    const name = known.slice(prefix.length);
    // Of several that end so, the shortest.
    const distance = name.endsWith(`_${wanted}`) ? 1 + name.length / 1000 : editDistance(wanted, name);
    if (distance < bestDistance) [best, bestDistance] = [known, distance];
  }
  return best;
}
