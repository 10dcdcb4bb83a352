import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { keys, schema } from '../../config/schema.ts';
import { valueAt } from '../../config/watch.ts';
import type { TwinspectError } from '../../errors.ts';

const load = (text: string, env: Record<string, string> = {}, file = 'line.yaml') =>
  loadConfig({ file, env, readFile: async () => text });

const refusal = async (text: string, env: Record<string, string> = {}, file = 'line.yaml'): Promise<string> => {
  const error = await load(text, env, file).then(
    () => null,
    (thrown: TwinspectError) => thrown,
  );
  expect(error, 'the configuration was accepted').not.toBeNull();
  return error!.message;
};

describe('sources', () => {
  test('without file and environment every key has its default, and the defaults are valid', async () => {
    const { config, sources } = await loadConfig({ file: null, env: {}, readFile: () => Promise.reject() });
    for (const [path, key] of keys) {
      expect(key.accepts(key.default), path).toBe(true);
      expect(sources.get(path)).toBe('default');
      if (path !== 'line.bundle') expect(valueAt(config, path), path).toBe(key.default);
    }
    expect(config.line.bundle).toMatch(/\/models\/shipped\/first-run@1\.0\.0$/);
  });

  test('the environment overrides the file, the file the defaults', async () => {
    const { config, sources } = await load('line: { id: a, deadlineMs: 500 }', { TWINSPECT_LINE_ID: 'b' });
    expect(config.line).toMatchObject({ id: 'b', deadlineMs: 500, maxPartsInFlight: 8 });
    expect(sources.get('line.id')).toBe('environment');
    expect(sources.get('line.deadlineMs')).toBe('file');
    expect(sources.get('line.maxPartsInFlight')).toBe('default');
  });

  test('the environment is read as the kind of the key', async () => {
    const { config } = await load('{}', {
      TWINSPECT_LINE_DEADLINE_MS: '750',
      TWINSPECT_CAMERA_SYNTHETIC_DEFECT_RATE: '0.5',
      TWINSPECT_INFERENCE_SPINNING: 'true',
      TWINSPECT_OPCUA_ENABLED: 'false',
      TWINSPECT_CONFIG: 'names the file, is no key',
    });
    expect(config.line.deadlineMs).toBe(750);
    expect(config.camera.synthetic.defectRate).toBe(0.5);
    expect(config.inference.spinning).toBe(true);
    expect(config.opcua.enabled).toBe(false);
  });

  test('JSON says the same as YAML', async () => {
    const json = await load('{\n\t"line": {"id": "a", "deadlineMs": 400}\n}', {}, 'line.json');
    const yaml = await load('line:\n  id: a\n  deadlineMs: 400\n');
    expect(json.config).toEqual(yaml.config);
  });

  test('empty files and empty sections are no mistake', async () => {
    expect((await load('# nothing yet\n')).config.line.id).toBe('line1');
    expect((await load('mqtt:\n  # url: mqtt://later\nopcua:\n')).config.mqtt.url).toBe('');
  });

  test('the configuration is frozen to its leaves', async () => {
    const { config } = await load('{}');
    expect(() => Object.assign(config.camera.replay, { folder: 'x' })).toThrow(TypeError);
  });
});

describe('refusals', () => {
  test('ten mistakes are ten problems at once, each with its path, line, value and expectation', async () => {
    const message = await refusal(
      [
        'line:',
        '  id: "press 7"',
        '  deadlineMs: fast',
        '  maxPartsInFlight: 2.5',
        '  deadlinMs: 400',
        'camera:',
        '  driver: webcam',
        '  synthetic: 7',
        'mqtt:',
        '  url: http://broker',
        '  embeddedPort: 70000',
        'inference:',
        '  spinning: yes',
        'opcua: { host: "" }',
      ].join('\n'),
    );
    expect(message).toMatch(/^10 problems in line\.yaml:/);
    for (const expected of [
      'line.id (line 2): found "press 7", expected a name of 1 to 64 letters',
      'line.deadlineMs (line 3): found "fast", expected a whole number of ms from 20 to 60000',
      'line.maxPartsInFlight (line 4): found 2.5, expected a whole number of parts from 1 to 64',
      'line.deadlinMs (line 5): unknown key; did you mean line.deadlineMs?',
      'camera.driver (line 7): found "webcam", expected one of synthetic, replay, aravis, gstreamer',
      'camera.synthetic (line 8): is not a section, expected a section with seed, periodMs, defectRate',
      'mqtt.url (line 10): found an address of another form (not shown: it may hold a password), expected mqtt://HOST',
      'mqtt.embeddedPort (line 11): found 70000, expected a whole number from 0 to 65535',
      'inference.spinning (line 13): found "yes", expected true or false',
      'opcua.host (line 14): found "", expected an address of this machine, or 0.0.0.0',
    ]) {
      expect(message).toContain(`\n  ${expected}`);
    }
  });

  test.each([
    ['line: { deadlineMs: "500" }', 'found "500", expected a whole number'],
    ['line: { deadlineMs: 19 }', 'found 19, expected'],
    ['line: { deadlineMs: 60001 }', 'found 60001, expected'],
    ['line: { deadlineMs: .nan }', 'found NaN, expected'],
    ['line: { deadlineMs: [1] }', 'found [1], expected'],
    ['line: { id: }', 'found null, expected'],
    ['line: { id: { a: { b: 1 } } }', 'found {"a":{"b":1}}, expected'],
    ['line: 5', 'line (line 1): is not a section'],
    ['- a\n- b', 'the file: is not a section'],
    ['just words', 'the file: is not a section'],
    ['deadlineMs: 5', 'did you mean line.deadlineMs?'],
    ['line.id: a', 'line.id (line 1): is a dotted key; write each name on a level of its own'],
    ['lines: { id: a }', 'unknown key; did you mean line'],
    ['zebra: 1', 'unknown key; the keys are listed by'],
    ['__proto__: { a: 1 }', 'unknown key'],
    ['constructor: 1', 'unknown key'],
  ])('%s', async (text, expected) => {
    expect(await refusal(text)).toContain(expected);
  });

  test.each([
    ['12abc', 'found "12abc", expected a whole number'],
    ['', 'found "", expected a whole number'],
    ['5', 'found 5, expected a whole number'],
  ])('environment deadline "%s"', async (text, expected) => {
    const message = await refusal('{}', { TWINSPECT_LINE_DEADLINE_MS: text });
    expect(message).toContain('TWINSPECT_LINE_DEADLINE_MS (line.deadlineMs): ');
    expect(message).toContain(expected);
  });

  test('a misspelt variable is refused with the nearest one, and its value is not repeated', async () => {
    const message = await refusal('{}', { TWINSPECT_LINE_IDD: 'hunter2' });
    expect(message).toContain('TWINSPECT_LINE_IDD: unknown environment variable; did you mean TWINSPECT_LINE_ID?');
    expect(message).not.toContain('hunter2');
  });

  test('no password reaches the message, wherever it was put', async () => {
    const message = await refusal('mqtt: { password: hunter2, url: "mqtt://me:hunter2@broker" }');
    expect(message).toContain('mqtt.password');
    expect(message).not.toContain('hunter2');
  });

  test('a wrong value in the file is refused even where the environment overrides it', async () => {
    expect(await refusal('line: { deadlineMs: 1 }', { TWINSPECT_LINE_DEADLINE_MS: '500' })).toContain('found 1,');
  });

  test.each([
    ['', 'Cannot read line.yaml: the file is empty'],
    [' \n', 'Cannot read line.yaml: the file is empty'],
    ['\0'.repeat(40), 'Cannot read line.yaml: the file holds nothing but zeros, as a power cut leaves it'],
    ['l\0i\0', 'Cannot read line.yaml: the file is no text in UTF-8: save it as UTF-8'],
    ['line: { id: l\uFFFD }', 'Cannot read line.yaml: the file is no text in UTF-8: save it as UTF-8'],
  ])('a file that a power cut or an editor left, %j, is never the wish for all defaults', async (text, expected) => {
    expect(await refusal(text)).toBe(expected);
    expect(await refusal(text, {}, 'line.json')).toBe(expected.replace('yaml', 'json'));
  });

  test('syntax: every error with its line', async () => {
    expect(await refusal('line:\n  id: "a\n')).toMatch(/^Cannot read line\.yaml: line \d/);
    expect(await refusal('line:\n  id: a\n  id: b\n')).toMatch(/line [23].*unique/);
    expect(await refusal('{"line": {"id": "a", "id": "b"}}', {}, 'line.json')).toMatch(/line 1.*unique/);
    expect(await refusal('{"line": {"id": "a",}}', {}, 'line.json')).toContain('JSON');
    expect(await refusal('a: 1', {}, 'line.toml')).toContain('expected a name ending in .yaml, .yml or .json');
    expect(await refusal('#'.repeat(1024 * 1024 + 1))).toContain('larger than');
  });
});

describe('keys to each other', () => {
  test.each([
    ['camera: { driver: replay }', 'camera.replay.folder: found nothing, expected a folder'],
    ['camera: { driver: aravis }', 'camera.aravis.address: found nothing, expected a camera'],
    ['camera: { driver: gstreamer }', 'camera.gstreamer.pipeline: found nothing, expected a pipeline'],
    ['camera: { driver: gstreamer }', 'depthCamera.driver: found none, expected aravis'],
    ['depthCamera: { driver: aravis }', 'depthCamera.aravis.address: found nothing, expected a camera'],
    ['depthCamera: { driver: aravis }', 'depthCamera.driver: found aravis, expected none, because camera.driver is'],
    [
      'camera: { driver: aravis, aravis: { address: a, count: none } }\npairing: { skewMaxUs: 60000 }',
      'pairing.skewMaxUs: found 60000, expected less than half of pairing.captureLateMs',
    ],
    ['line: { deadlineMs: 200 }', 'pairing.windowMs: found 300, expected less than line.deadlineMs (200)'],
    ['line: { deadlineMs: 200 }', 'journal.commitTimeoutMs: found 200, expected less than line.deadlineMs (200)'],
    ['mqtt: { url: "mqtt://b", passwordFile: p }', 'mqtt.passwordFile: given without mqtt.username'],
    ['mqtt: { username: me }', 'mqtt.username: given for the embedded broker'],
    ['mqtt: { url: "mqtt://b", tls: { caFile: ca } }', 'mqtt.url: is not mqtts, but mqtt.tls is given'],
    ['mqtt: { url: "mqtts://b", tls: { certFile: c } }', 'mqtt.tls.keyFile: expected together with mqtt.tls.certFile'],
    ['opcua: { port: 1883 }', 'opcua.port: found 1883, expected another port'],
  ])('%s', async (text, expected) => {
    expect(await refusal(text)).toContain(expected);
  });

  test('the same numbers are fine where they do not meet', async () => {
    await load('opcua: { port: 1883 }\nmqtt: { url: "mqtt://b:1883" }');
    await load('opcua: { port: 0 }\nmqtt: { embeddedPort: 0 }');
  });
});

test('the type of the configuration is the schema', async () => {
  const { config } = await load('{}');
  const driver: 'synthetic' | 'replay' | 'aravis' | 'gstreamer' = config.camera.driver;
  expect(driver).toBe(schema.camera.driver.default);
});
