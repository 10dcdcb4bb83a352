import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import type { TwinspectError } from '../../errors.ts';

const load = (text: string, env: Record<string, string> = {}) =>
  loadConfig({ file: 'line.yaml', env, readFile: async () => text });

const refusal = async (text: string, env: Record<string, string> = {}): Promise<string> => {
  const error = await load(text, env).then(
    () => null,
    (thrown: TwinspectError) => thrown,
  );
  expect(error, 'the configuration was accepted').not.toBeNull();
  return error!.message;
};

describe('variables of a container platform', () => {
  // What Kubernetes gives every container for services called twinspect, twinspect-mqtt and twinspect-opcua.
  const links = {
    TWINSPECT_SERVICE_HOST: '10.0.0.7',
    TWINSPECT_SERVICE_PORT: '1883',
    TWINSPECT_SERVICE_PORT_MQTT: '1883',
    TWINSPECT_PORT: 'tcp://10.0.0.7:1883',
    TWINSPECT_PORT_1883_TCP: 'tcp://10.0.0.7:1883',
    TWINSPECT_PORT_1883_TCP_PROTO: 'tcp',
    TWINSPECT_PORT_1883_TCP_PORT: '1883',
    TWINSPECT_PORT_1883_TCP_ADDR: '10.0.0.7',
    TWINSPECT_MQTT_SERVICE_HOST: '10.0.0.8',
    TWINSPECT_MQTT_PORT: 'tcp://10.0.0.8:1883',
    TWINSPECT_MQTT_PORT_1883_TCP_ADDR: '10.0.0.8',
    TWINSPECT_OPCUA_SERVICE_PORT: '4840',
    TWINSPECT_OPCUA_PORT: 'tcp://10.0.0.9:4840',
  };

  test('are not used, and each is named in a warning, also where a key of ours has its name', async () => {
    const { config, sources, warnings } = await load('opcua: { port: 4841 }', links);
    expect(config.opcua.port).toBe(4841);
    expect([...sources.values()]).not.toContain('environment');
    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual(Object.keys(links));
    expect(warnings.join()).not.toContain('10.0.0.');
  });

  test('others that are near to no key of ours are warned of too', async () => {
    const foreign = { TWINSPECT_VERSION: '1', TWINSPECT_IMAGE: 'x', TWINSPECT_UID: '7', TWINSPECT_HOME: '/opt' };
    const { warnings } = await load('{}', foreign);
    expect(warnings).toEqual(
      Object.keys(foreign).map((name) => `${name} is not used: it is no key of the configuration and near to none`),
    );
  });

  test('a key of ours with a number is a key of ours', async () => {
    expect((await load('{}', { TWINSPECT_OPCUA_PORT: '4841' })).config.opcua.port).toBe(4841);
  });
});

describe('variables that are meant for us', () => {
  test.each([
    ['TWINSPECT_CONFGI', 'TWINSPECT_CONFIG'],
    ['TWINSPECT_LINEID', 'TWINSPECT_LINE_ID'],
    ['TWINSPECT_DEADLINE_MS', 'TWINSPECT_LINE_DEADLINE_MS'],
    ['TWINSPECT_OPCUA_PRT', 'TWINSPECT_OPCUA_PORT'],
    ['TWINSPECT_CAMRA_REPLAY_FOLDR', 'TWINSPECT_CAMERA_REPLAY_FOLDER'],
    ['TWINSPECT_PORT', 'TWINSPECT_OPCUA_PORT'],
  ])('%s is meant for us: refused, was it %s', async (variable, near) => {
    const message = await refusal('{}', { [variable]: '4840' });
    expect(message).toContain(`${variable}: unknown environment variable; did you mean ${near}?`);
  });

  test.each(['TWINSPECT_MQTT_SOMETHING_ELSE', 'TWINSPECT_LOG'])(
    '%s names a section of ours: refused',
    async (variable) => {
      expect(await refusal('{}', { [variable]: 'x' })).toContain(`${variable}: unknown environment variable`);
    },
  );
});
