/**
 * What keys must be to each other. Each rule names the key to change; rules run only over values that are valid alone.
 */
import type { ConfigProblem } from './problems.ts';
import type { Config } from './schema.ts';

interface Rule {
  readonly path: string;
  /** The problem, or null where the rule holds. */
  check(config: Config): string | null;
}

const rules: readonly Rule[] = [
  {
    path: 'line.recipe',
    check: ({ line, recipes }) => {
      const numbers = Object.keys(recipes);
      if (numbers.length === 0) {
        return line.recipe === 1 ? null : `found ${line.recipe}, expected 1, because there is no table recipes`;
      }
      const known = numbers.includes(String(line.recipe));
      return known ? null : `found ${line.recipe}, expected a row of the table recipes (${numbers.join(', ')})`;
    },
  },
  {
    path: 'camera.replay.folder',
    check: ({ camera }) =>
      camera.driver === 'replay' && camera.replay.folder === ''
        ? 'found nothing, expected a folder, because camera.driver is replay'
        : null,
  },
  {
    path: 'camera.aravis.address',
    check: ({ camera }) =>
      camera.driver === 'aravis' && camera.aravis.address === ''
        ? 'found nothing, expected a camera, because camera.driver is aravis'
        : null,
  },
  {
    path: 'camera.gstreamer.pipeline',
    check: ({ camera }) =>
      camera.driver === 'gstreamer' && camera.gstreamer.pipeline.trim() === ''
        ? 'found nothing, expected a pipeline, because camera.driver is gstreamer'
        : null,
  },
  {
    path: 'depthCamera.aravis.address',
    check: ({ depthCamera }) =>
      depthCamera.driver === 'aravis' && depthCamera.aravis.address === ''
        ? 'found nothing, expected a camera, because depthCamera.driver is aravis'
        : null,
  },
  {
    path: 'depthCamera.driver',
    check: ({ camera, depthCamera }) => {
      if (camera.driver === 'gstreamer' && depthCamera.driver === 'none') {
        return 'found none, expected aravis, because camera.driver is gstreamer, which delivers no depth';
      }
      const alone = camera.driver === 'synthetic' || camera.driver === 'replay';
      return alone && depthCamera.driver !== 'none'
        ? `found ${depthCamera.driver}, expected none, because camera.driver is ${camera.driver}, which delivers depth`
        : null;
    },
  },
  {
    // Two frames that both lie within the tolerance of one exposure could not be told apart.
    path: 'pairing.skewMaxUs',
    check: ({ camera, pairing }) =>
      camera.driver === 'aravis' &&
      camera.aravis.count === 'none' &&
      2 * pairing.skewMaxUs >= 1000 * pairing.captureLateMs
        ? `found ${pairing.skewMaxUs}, expected less than half of pairing.captureLateMs where frames carry no number`
        : null,
  },
  {
    path: 'camera.replay.pace',
    check: ({ camera, line }) => {
      if (camera.driver !== 'replay' || (camera.replay.pace === 'stepped') === (line.trigger === 'command'))
        return null;
      const expected = line.trigger === 'command' ? 'stepped' : 'original or fixed';
      return `found ${camera.replay.pace}, expected ${expected}, because line.trigger is ${line.trigger}`;
    },
  },
  {
    // Waiting for the partner and committing the record both happen inside the part's deadline.
    path: 'pairing.windowMs',
    check: ({ pairing, line }) =>
      pairing.windowMs < line.deadlineMs
        ? null
        : `found ${pairing.windowMs}, expected less than line.deadlineMs (${line.deadlineMs})`,
  },
  {
    path: 'journal.commitTimeoutMs',
    check: ({ journal, line }) =>
      journal.commitTimeoutMs < line.deadlineMs
        ? null
        : `found ${journal.commitTimeoutMs}, expected less than line.deadlineMs (${line.deadlineMs})`,
  },
  {
    path: 'mqtt.passwordFile',
    check: ({ mqtt }) =>
      mqtt.passwordFile !== '' && mqtt.username === '' ? 'given without mqtt.username, expected both or neither' : null,
  },
  {
    path: 'mqtt.username',
    check: ({ mqtt }) =>
      mqtt.username !== '' && mqtt.url === ''
        ? 'given for the embedded broker, which knows no users; expected mqtt.url, or no user'
        : null,
  },
  {
    path: 'mqtt.tls.keyFile',
    check: ({ mqtt: { tls } }) =>
      (tls.keyFile === '') === (tls.certFile === '')
        ? null
        : 'expected together with mqtt.tls.certFile, both or neither',
  },
  {
    path: 'mqtt.url',
    check: ({ mqtt: { url, tls } }) =>
      Object.values(tls).some((value) => value !== '') && !url.startsWith('mqtts:')
        ? 'is not mqtts, but mqtt.tls is given; expected mqtts://HOST, or no mqtt.tls'
        : null,
  },
  {
    path: 'plc.passwordFile',
    check: ({ plc }) =>
      (plc.username === '') === (plc.passwordFile === '') ? null : 'expected together with plc.username, or neither',
  },
  {
    path: 'opcua.port',
    check: ({ mqtt, opcua }) => {
      const embedded = mqtt.enabled && mqtt.url === '';
      const same = embedded && opcua.enabled && opcua.port === mqtt.embeddedPort && opcua.port !== 0;
      return same ? `found ${opcua.port}, expected another port than mqtt.embeddedPort` : null;
    },
  },
];

export function crossProblems(config: Config): ConfigProblem[] {
  return rules.flatMap(({ path, check }) => {
    const problem = check(config);
    return problem === null ? [] : [{ path, line: null, problem, hint: null }];
  });
}
