/**
 * A DCMD in the words of the MQTT commands, so that one desk reads, bounds and answers both: the metrics of one payload
 * are one command. Refuses two at once, and what no device command is.
 */
import type { Verb } from '../mqtt/command-message.ts';
import type { Metric, MetricValue, SparkplugPayload } from './payload.ts';

/** The metric that says what to do, and the field its value is. */
const actions: Readonly<Record<string, { verb: Verb; field: string | null }>> = {
  'Command/Trigger': { verb: 'trigger', field: null },
  'Command/SelectRecipe': { verb: 'select-recipe', field: 'recipe' },
  'Command/SetThreshold': { verb: 'set-threshold', field: 'threshold' },
  'Command/SetExecution': { verb: 'set-execution', field: 'execution' },
  'Command/Abort': { verb: 'abort', field: 'cause' },
  'Command/Halt': { verb: 'halt', field: 'cause' },
  'Command/Reset': { verb: 'reset', field: 'cause' },
  'Command/ResetCounters': { verb: 'reset-counters', field: null },
};

const attributes: Readonly<Record<string, string>> = {
  'Command/RequestId': 'requestId',
  'Command/PartId': 'partId',
  'Command/Challenge': 'challenge',
};

export interface DeviceCommand {
  /** The last level of the topic it would have over plain MQTT. */
  readonly verb: string;
  readonly message: Readonly<Record<string, MetricValue>>;
}

/** Null where the payload asks for nothing: a switch that is false. `fallbackId` where it brings no request id. */
export function deviceCommand({ metrics, atMs }: SparkplugPayload, fallbackId: string): DeviceCommand | null {
  const asked = metrics.filter(
    ({ name, value }) => actions[name] && !(actions[name].field === null && value === false),
  );
  const unknown = metrics.find(({ name }) => !actions[name] && attributes[name] === undefined);
  if (unknown) return { verb: unknown.name, message: {} };
  const [first, second] = asked;
  if (!first) return null;
  if (second) return { verb: `${first.name} with ${second.name}`, message: {} };
  return { verb: (actions[first.name] as { verb: Verb }).verb, message: messageOf(first, metrics, atMs, fallbackId) };
}

function messageOf(action: Metric, metrics: readonly Metric[], atMs: number, fallbackId: string) {
  const message: Record<string, MetricValue> = { requestId: fallbackId };
  if (atMs > 0) message['sentAtMs'] = atMs;
  const field = actions[action.name]?.field;
  if (field) message[field] = action.value;
  for (const { name, value } of metrics) {
    const attribute = attributes[name];
    // An empty text is how many hosts write "none".
    if (attribute !== undefined && value !== null && value !== '') message[attribute] = value;
  }
  return message;
}
